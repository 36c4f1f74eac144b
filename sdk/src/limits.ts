// Every bound of the client: times, bytes in flight, queues. Relations between them are asserted at load.
import { FRAME_BYTES, MESSAGE_BYTES_MAX, PUSH_BYTES_MAX } from '@weir/proto';

/** Of a call that says nothing else, from its start to its end with all tries. */
export const TIMEOUT_MS_DEFAULT = 30_000;
/** What a timer of Node can hold. */
export const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** One try at one seed: a seed that hangs must not use up the time of the others. */
export const SEED_TIMEOUT_MS = 2_000;
/** How long a lost connection may stay away before the routing table is asked for another address. */
export const READY_TIMEOUT_MS = 1_000;

/** First and longest wait between tries; in between it doubles. */
export const RETRY_DELAY_MS_MIN = 10;
export const RETRY_DELAY_MS_MAX = 1_000;
/** gRPC's own waits between connection attempts: short, a shard restarts within a second. */
export const RECONNECT_MS_MIN = 100;
export const RECONNECT_MS_MAX = 1_000;
/** A dead peer behind a live network is noticed within the sum of both. */
export const KEEPALIVE_INTERVAL_MS = 20_000;
export const KEEPALIVE_TIMEOUT_MS = 10_000;

/** Bytes that a shard may send ahead of what we read; with grpc-js's default, pulls run at a third of the speed. */
export const FLOW_CONTROL_WINDOW_BYTES = 8 * 1024 * 1024;
/** Bytes of numbered pushes that a shard has not settled yet (`inFlightBytesMax`); more wait in their callers' awaits. */
export const PUSH_BYTES_IN_FLIGHT_DEFAULT = PUSH_BYTES_MAX;
/** What a shard takes of one stream before it turns pushes away; more in flight than that would be sent twice. */
export const IN_FLIGHT_BYTES_LARGEST = 2 * PUSH_BYTES_MAX;
/** Rows up to which pushes that wait are merged; with 16 weights a row it is about half of a message. */
export const BATCH_ROWS_DEFAULT = 2_048;
export const LINGER_MS_LARGEST = 10_000;
/** Memory of settled pushes kept for the next ones, by a client; and below which size it is not worth it. */
export const FRAME_MEMORY_KEPT_BYTES_MAX = PUSH_BYTES_MAX;
export const FRAME_MEMORY_SMALLEST_BYTES = 4_096;
/** Messages from this size on have gRPC's copy of them freed; smaller ones Node puts into memory that they share. */
export const COPY_FREED_BYTES_MIN = 32 * 1024;
/** Bytes of rows asked of a shard and not yet received. */
export const PULL_BYTES_IN_FLIGHT_MAX = 8 * 1024 * 1024;
/** What a push or a pull request costs beside its rows, so that many tiny ones are bounded too. */
export const REQUEST_OVERHEAD_BYTES = 256;
/** Pushes, and requests of pulls, that wait for their turn at one shard; a caller who awaits nothing ends here. */
export const WAITING_MAX = 65_536;
/** The same for the bytes of pushes: each was copied when it was made. */
export const WAITING_PUSH_BYTES_MAX = 1024 * 1024 * 1024;
/** Signs of life within one lease: two may be lost. */
export const RENEWALS_PER_LEASE = 3;
/** Longest wait between two tries to renew a lease or to follow a group. */
export const GROUP_RETRY_MS_MAX = 500;
/** How much sooner than the caller's deadline the shard ends a wait, at most: its answer names who is missing. */
export const BARRIER_MARGIN_MS_MAX = 250;
/** Deltas of all shards that a subscriber has not taken yet; beyond it the shards are not read. */
export const DELTAS_BUFFERED_MAX = 32;

if (PUSH_BYTES_IN_FLIGHT_DEFAULT > IN_FLIGHT_BYTES_LARGEST) throw new Error('the default must be in range');
if (PULL_BYTES_IN_FLIGHT_MAX < FRAME_BYTES) throw new Error('a pull request must fit in flight');
if (FRAME_BYTES >= MESSAGE_BYTES_MAX) throw new Error('a frame must fit a message');
