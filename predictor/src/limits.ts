// What the predictor bounds.

/** Feature records waiting for the stream; `after_answer` drops beyond it, `before_answer` slows Rank. */
export const FEATURE_LOG_RECORDS_MAX = 4096;
export const FEATURE_LOG_BYTES_MAX = 64 * 1024 * 1024;
/** Records of one append. */
export const FEATURE_LOG_BATCH_RECORDS = 256;
/** How long a Rank waits for rows that the replica lacks before it falls back to their prior. */
export const PULL_TIMEOUT_MS = 50;
/** Rows changed by sampled pushes that are remembered, per table. */
export const TRACED_ROWS_MAX = 65_536;
export const HTTP_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** For running calls at a stop. */
export const STOP_TIMEOUT_MS = 5_000;
/** Requests that wait for the static part; beyond it Rank is refused with OVERLOADED. */
export const STATIC_RUNS_MAX = 1024;
/** How long a swap waits for the rows of the new model, and how often it looks. */
export const SWAP_TIMEOUT_MS = 30_000;
export const REPLICA_POLL_MS = 10;
