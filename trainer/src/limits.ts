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
/** How long records without samples (progress) wait for a window that takes them along. */
export const ADVANCE_DELAY_MS = 100;
/** A trainer's place in its group is kept so long without a sign of life. */
export const LEASE_MS_DEFAULT = 10_000;
export const LEASE_MS_MIN = 200;
export const LEASE_MS_MAX = 3_600_000;
/** After the membership has changed, pushes under way have so long; what is not settled then is fenced. */
export const DRAIN_TIMEOUT_MS = 2_000;
/** Windows that a trainer may begin ahead of the slowest: some pauses of a busy machine long, a small part of a second's. */
export const STALENESS_MAX_DEFAULT = 32;
export const STALENESS_MAX_LARGEST = 1_000_000;
/** A trainer that has waited for samples so long is not waited for. */
export const REST_AFTER_MS = 20;
/** Windows between two barriers for the dense part; learned again after a crash. */
export const BARRIER_WINDOWS_DEFAULT = 128;
/** What is learned of a dense part meets in a barrier after so long, if no samples are left to learn. */
export const DENSE_WAIT_MS = 1_000;
/** One wait at the barrier; then it is said who is missing, and waited on. */
export const BARRIER_TIMEOUT_MS = 5_000;
/** Of giving the place up at the end; without it the others wait for the lease. */
export const LEAVE_TIMEOUT_MS = 2_000;
/** Offsets are committed no more often than this. */
export const COMMIT_INTERVAL_MS = 20;
/** Between looks whether the commits stand, while there is nothing to commit. */
export const REPAIR_INTERVAL_MS = 1_000;
/** Between tries of calls that the SDK or the streams client has given up for now. */
export const RETRY_DELAY_MS = 200;
/** Between looks for a stream that nobody has made yet. */
export const STREAM_POLL_MS = 200;

if (WINDOW_BYTES_MAX >= PUSH_BYTES_MAX) throw new Error('a window must fit a push, even to a single shard');
