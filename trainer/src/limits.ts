// Every bound of the trainer, and its defaults. Relations between them are asserted at load.
import { PUSH_BYTES_MAX } from '@weir/proto';

/** Requests per window, chosen by measuring: docs/measurements.md. */
export const WINDOW_REQUESTS_DEFAULT = 8;
/** How long a window that holds something waits for more. */
export const WINDOW_TIMEOUT_MS_DEFAULT = 200;
/** Pushes under way, counting the one to come: the next window is pulled while the last one is acknowledged, no staler. */
export const IN_FLIGHT_DEFAULT = 2;
export const IN_FLIGHT_MAX = 256;
/** Gradients of one window; it closes as soon as it holds more. One request may exceed it, up to what a push may hold. */
export const WINDOW_BYTES_MAX = 8 * 1024 * 1024;
/** Windows made ready ahead of the one that is learned. */
export const WINDOWS_READY_MAX = 2;
/** Requests, and their bytes, of one partition that wait for their turn in the order. */
export const MERGE_REQUESTS_MAX = 1024;
export const MERGE_BYTES_MAX = 16 * 1024 * 1024;
/** Offsets are committed no more often than this; what is trained twice after a crash is bounded by it. */
export const COMMIT_INTERVAL_MS = 20;
/** Between tries of calls that the SDK or the streams client has given up for now. */
export const RETRY_DELAY_MS = 200;
/** Between looks for a stream that nobody has made yet. */
export const STREAM_POLL_MS = 200;

if (WINDOW_BYTES_MAX >= PUSH_BYTES_MAX) throw new Error('a window must fit a push, even to a single shard');
