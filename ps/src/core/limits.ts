// Bounds of the core, each a constant with its reason.
import { PUSHES_IN_FLIGHT_MAX } from '@weir/proto';

/** Shards of one cluster; far below 1,024 slots, so that every shard owns some. */
export const SHARDS_MAX = 256;
/** Refusals remembered per client incarnation: as many pushes as a client may have unanswered when it reconnects. */
export const REFUSALS_KEPT_MAX = PUSHES_IN_FLIGHT_MAX;
/** Characters of a shard id. */
export const SHARD_ID_LENGTH_MAX = 63;
export const UID_LENGTH_MAX = 64;
/** Times of positions that are kept: enough for a resolution of 1/64 over years. */
export const SEQ_CLOCK_ENTRIES_MAX = 2048;
