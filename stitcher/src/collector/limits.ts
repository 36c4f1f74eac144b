// Bounds of the collector. Those of one record are the stitcher's too: ../core/limits.ts.
import { MESSAGE_BYTES_MAX } from '@weir/proto';
import { FEATURE_RECORD_BYTES_MAX } from '../core/limits.ts';

/** Encoded records on their way to the streams; beyond it callers are told to come again. */
export const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;
export const OVERLOADED_RETRY_MS = 100;
export const RECORDS_PER_CALL_MAX = 10_000;
export const HTTP_BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Ids remembered, to thin repeats; the oldest half goes first. */
export const REPEAT_CACHE_BYTES = 32 * 1024 * 1024;
/** Further ahead of the collector's clock a time is no clock's error. */
export const FUTURE_REJECT_MS = 24 * 60 * 60 * 1000;
/** Calls that still run when a stop begins get this long. */
export const STOP_TIMEOUT_MS = 3_000;

if (IN_FLIGHT_BYTES_MAX < MESSAGE_BYTES_MAX) throw new Error('the largest call must be able to enter');
if (HTTP_BODY_BYTES_MAX < FEATURE_RECORD_BYTES_MAX) throw new Error('a body must hold the largest record');
