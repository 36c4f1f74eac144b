// Bounds of the streams, both sides. Relations between them are asserted at load.
import { FRAME_BYTES, MESSAGE_BYTES_MAX, RECORD_BYTES_MAX } from '@weir/proto';

/** Of a stream's, group's or producer's name. */
export const NAME_LENGTH_MAX = 200;
/** Partitions of one stream. */
export const PARTITIONS_MAX = 1_024;
/** Of all streams of a process: recent records of all share a memory. */
export const PARTITIONS_TOTAL_MAX = 16_384;
/** Producers that one partition remembers. */
export const PRODUCERS_MAX = 4_096;
/** Bytes of one append. */
export const APPEND_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes after which an answer to a reader is sent, and a stored chunk is closed; a single record may exceed it. */
export const CHUNK_BYTES = FRAME_BYTES;
/** Chunks that one read from the store takes at most. */
export const READ_CHUNKS_MAX = 64;
/** Bytes of appends that wait for the store; beyond them the server answers OVERLOADED. */
export const WAITING_BYTES_MAX = 64 * 1024 * 1024;
export const OVERLOADED_RETRY_MS = 50;
/** Recent records kept in memory for followers: per partition, and over all partitions. */
export const TAIL_BYTES_PER_PARTITION = 4 * 1024 * 1024;
export const TAIL_BYTES_TOTAL = 64 * 1024 * 1024;
/** A follower that has caught up gets at most one answer in this time: small answers cost more than they are worth. */
export const READ_SPACING_MS = 4;
/** Bytes of waiting changes that go to the store in one batch. */
export const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** Between two looks at what all consumers have committed. */
export const TRIM_INTERVAL_MS = 2_000;
/** How long the server waits before it repeats a refused write. */
export const STORE_RETRY_MS = 250;

/** Default total deadline of a client's call. */
export const CALL_TIMEOUT_MS = 30_000;
/** Appends of a client to one partition start at least this far apart; what comes between goes together. */
export const APPEND_SPACING_MS = 4;
/** Bytes of appends that share a call; a single one may exceed it. */
export const APPEND_CALL_BYTES = 1024 * 1024;
/** Bytes of appends that wait in a client; beyond them it answers OVERLOADED. */
export const CLIENT_WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Between attempts: doubles from the first to the last. */
export const RETRY_FIRST_MS = 20;
export const RETRY_LAST_MS = 500;
/** Pings on the client's connection, so that a server that vanished is noticed. */
export const KEEPALIVE_TIME_MS = 15_000;
export const KEEPALIVE_TIMEOUT_MS = 5_000;
/** What a reader takes in before it has to ask for more. */
export const READ_WINDOW_BYTES = 2 * 1024 * 1024;

if (RECORD_BYTES_MAX > APPEND_BYTES_MAX || APPEND_BYTES_MAX * 1.5 > MESSAGE_BYTES_MAX) {
  throw new Error('a record must fit an append, an append a message');
}
if (CHUNK_BYTES > TAIL_BYTES_PER_PARTITION || CHUNK_BYTES > READ_WINDOW_BYTES) {
  throw new Error('an answer must fit the tail and the window');
}
if (PARTITIONS_MAX > PARTITIONS_TOTAL_MAX) throw new Error('the largest stream must be allowed');
if (APPEND_BYTES_MAX > WAITING_BYTES_MAX || APPEND_BYTES_MAX > CLIENT_WAITING_BYTES_MAX) {
  throw new Error('an append must be able to wait');
}
