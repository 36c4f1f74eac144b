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
/** Results of a group that are kept, newest first, and their bytes together; the last one is kept in any case. */
export const RESULTS_KEPT = 8;
export const RESULT_BYTES_KEPT_MAX = 256 * 1024 * 1024;
/** Former members that a group remembers, so that a late repeat of their join does not bring them back. */
export const FENCED_MAX = 64;
/** Calls of one member that wait for a step: repeats whose first try the server has not seen end yet. */
export const CALLS_PER_MEMBER_MAX = 8;
/** Groups with sources of one shard, and partitions of all of them together; a round saves them all. */
export const SOURCE_GROUPS_MAX = 1_024;
export const SOURCE_PARTITIONS_MAX = 16_384;
/** Rows of one push that are listed as skipped; all are counted. */
export const SKIPPED_LISTED_MAX = 1_024;
