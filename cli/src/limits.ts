// Bounds of what the operator verbs hold or wait for. Relations between them are asserted at load.
import { DIM_MAX, PUSH_BYTES_MAX } from '@weir/proto';

/** Keys and values that `weir push` sends at a time. */
export const PUSH_BATCH_BYTES = 1024 * 1024;
/** One line on stdin: a row of DIM_MAX values, each with all its digits. */
export const LINE_BYTES_MAX = 256 * 1024;
/** For each call of an operator verb. */
export const VERB_TIMEOUT_MS = 10_000;
/** `weir drain` waits so long for a shard to write what has changed. */
export const DRAIN_TIMEOUT_MS = 60_000;
/** A verb that has done its work gives telemetry so long to be sent. */
export const VERB_TELEMETRY_MS = 2_000;
/** Between two lines that say how far `weir verify` is. */
export const VERIFY_PROGRESS_MS = 2_000;
/** What is shown live in a terminal is shown anew so often. */
export const REFRESH_MS = 500;

if (PUSH_BATCH_BYTES > PUSH_BYTES_MAX) throw new Error('a batch must fit a push');
if (LINE_BYTES_MAX < DIM_MAX * 25) throw new Error('a row must fit a line');
