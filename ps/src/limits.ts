// Every bound of a shard that is its own business; what both sides must agree on stands in @weir/proto.
// Relations between them are asserted at load.
import {
  FRAME_BYTES,
  GROUP_PAYLOAD_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  PULL_BYTES_MAX,
  PUSH_BYTES_MAX,
} from '@weir/proto';

const MIB = 1024 * 1024;

/** Bytes of pushes that one stream may hold here: being assembled, waiting, being written. */
export const STREAM_BYTES_IN_FLIGHT_MAX = 48 * MIB;
/** The same for the whole process. */
export const BYTES_IN_FLIGHT_MAX = 192 * MIB;
/** Of that, kept for pushes of clients that have no other push here. */
export const RESERVED_BYTES_IN_FLIGHT = 48 * MIB;
/** How long a client may hold memory without a step: half of a push sent, an answer or a delta not read. */
export const CLIENT_PATIENCE_MS = 30_000;
/** What a connection with pushes may send ahead of what was read: two frames, so that the next is there in time. */
export const PUSH_WINDOW_BYTES = 2 * FRAME_BYTES;
/** The same for a connection of members. */
export const GROUP_WINDOW_BYTES = 4 * FRAME_BYTES;
/** Parts of one push, over all its frames. */
export const PUSH_PARTS_MAX = 8_192;
/** What a source range of a push holds in memory but for its texts. */
export const SOURCE_RANGE_BYTES = 64;
/** Partitions whose offsets are shown as metrics; of more, the first ones. */
export const SOURCE_GAUGES_MAX = 1_024;
/** What a client that is turned away is told to wait, where the load does not say; and the bounds where it does. */
export const OVERLOADED_RETRY_AFTER_MS = 50;
export const OVERLOADED_RETRY_MIN_MS = 5;
export const OVERLOADED_RETRY_MAX_MS = 2_000;

/**
 * Records of one log write: it takes waiting records up to this, and at least one. Small, so that some records are applied,
 * answered and followed by others while the next are written, and that the thread that writes leaves its processor soon: 512 KiB
 * are a tenth faster, but pulls beside them wait longer.
 */
export const COMMIT_BYTES = MIB / 8;
/** The same where each write is synced: that costs so much that more records should share it. */
export const SYNCED_COMMIT_BYTES = 2 * MIB;
/** Pushes taken from their clients' queues before they are settled: enough for the writes in flight and those that follow. */
export const PUSHES_UNDER_WAY_BYTES = 8 * MIB;
/** First and longest pause before a failed log write is tried again. */
export const STORAGE_RETRY_MIN_MS = 20;
export const STORAGE_RETRY_MAX_MS = 1_000;
/** While the disk refuses, pushes wait this long before they get STORAGE_FAILED. */
export const STORAGE_WAIT_MS = 2_000;

/** A push up to this size is prepared in one go when it comes; a larger one in slices. */
export const PREPARED_AT_ONCE_BYTES = MIB / 2;

/** No piece of work on the event loop takes longer. */
export const SLICE_MS = 0.5;
/** After this time a slice ends with its present step; steps are made to take less than the rest. */
export const SLICE_BUDGET_MS = 0.3;
/** Keys, and values, that a pull copies in one slice. */
export const PULL_SLICE_KEYS = 2_048;
export const PULL_SLICE_VALUES = 32 * 1024;

/** Bytes of answers to pulls that are gathered or not sent yet, over all clients; and of large ones among them. */
export const ANSWER_BYTES_MAX = 128 * MIB;
export const LARGE_ANSWER_BYTES_MAX = 96 * MIB;
/** An answer up to this size is a small one; a power of 2, as the memory of answers is. */
export const SMALL_ANSWER_BYTES = 256 * 1024;
/** Memory of answers, and of log records, that is kept to be used again; and the smallest piece of it. */
export const POOLED_BYTES_MAX = 16 * MIB;
export const POOLED_BYTES_MIN = 4_096;
/** Answers that wait for such memory: one of each stream, and those of unary calls. */
export const ANSWERS_WAITING_MAX = 4_096;
/** Bytes of answers on one stream that are not sent yet, above which it takes no further request; less under load. */
export const STREAM_ANSWER_BYTES_MAX = 2 * MIB;

/** Pages, and records of the log, that recovery reads at a time while it works on those before. */
export const RECOVERY_READ_ENTRIES = 16;
/** Keys of one question for last changes, and bytes of log that it reads. */
export const LAST_CHANGES_KEYS_MAX = 65_536;
export const LAST_CHANGES_LOG_BYTES_MAX = 512 * MIB;
/** Between two lines of the log that say how far recovery is. */
export const RECOVERY_LOG_LINE_MS = 2_000;

/** Bytes of pages in one write of a materialisation round. */
export const ROUND_WRITE_BYTES = 4 * MIB;
/**
 * Bytes of the log that no round has materialised, at most: what a restart replays, in some 4 s at dimension 16. Rounds
 * begin at half of it or earlier. More lets large tables take longer bursts, and fewer rounds.
 */
export const LOG_REPLAY_MAX_DEFAULT = 768 * MIB;
/**
 * For shards that must be small: it is memory, too. Rounds of tables with rows on disk write changed rows, so that short ones
 * cost little more; rounds of other tables, at random pushes, write the table each time.
 */
export const LOG_REPLAY_MAX_MIN = 16 * MIB;
/**
 * A round begins when the log holds this many times the bytes of the tables, within the bounds. Under random pushes
 * nearly every page has changed by then, and a round costs the disk as much as the tables are large: at 2 a third of what
 * is written is pages. More would only lengthen the replay of a restart.
 */
export const ROUND_LOG_RATIO = 2;
export const ROUND_LOG_BYTES_MIN = 32 * MIB;
/** A round takes at most so long when no pushes come, and rests in between. */
export const ROUND_CALM_MS = 20_000;
/** For how long it rests before it looks again. */
export const ROUND_REST_MS = 10;
/** Between a round that failed and the next try. */
export const ROUND_RETRY_MS = 500;

/** Rows that are looked up on disk in one read and taken into memory in one go, and how many such reads run at once. */
export const LOOK_UP_ROWS = 256;
export const LOOK_UPS_AT_ONCE = 8;
/** Rows that are chosen to leave memory at a time, and how many of them go in one go. */
export const LEAVING_ROWS = 2_048;
export const LEAVING_PIECE_ROWS = 256;
/**
 * Keys whose rows are gone while the store still has them: above so many they are deleted there without waiting for a
 * round, and so many in one go.
 */
export const REMOVED_KEYS_MAX = 16_384;
export const REMOVED_PIECE_KEYS = 256;
/** Share of a stripe's memory from which on rows leave it, where they may: the rest is for those under way. */
export const SPILL_FULLNESS = 0.75;
/** Pushes wait while a table has this many rows in memory above `memoryRowsMax`: the disk must take some first. */
export const ROWS_OVER_MAX = 8_192;
/** Rows that left memory lately, per table: subscribers that are further behind get a snapshot. */
export const DEPARTED_ROWS_MAX = 65_536;
/**
 * A client incarnation without a new push for so long is forgotten. A push sent again after that would not be known as a
 * duplicate, so this is far above any deadline of a client, also of one whose caller holds on to an unknown outcome.
 */
export const CLIENT_IDLE_MS = 24 * 60 * 60 * 1000;
/** Idle clients are looked for so often; */
export const CLIENT_IDLE_LOOK_MS = CLIENT_IDLE_MS / 24;
/** and forgotten by records of so many. */
export const FORGET_CLIENTS_MAX = 1_024;

/** Problems of a folder that a check names one by one; all are counted. */
export const VERIFY_PROBLEMS_MAX = 100;

export const TABLES_MAX = 1_024;
/** Streams of all clients, and subscriptions among them: each costs some ten KiB beside what it holds. */
export const STREAMS_MAX = 4_096;
export const SUBSCRIBERS_MAX = 1_024;
/** Keys and weights of one delta message. */
export const DELTA_BYTES = FRAME_BYTES;
export const DELTA_INTERVAL_DEFAULT_MS = 50;
export const DELTA_INTERVAL_MAX_MS = 60_000;
/** Sampled pushes that are remembered for subscribers, per table. */
export const TRACED_CHANGES_MAX = 32;
/** Pushes whose origin time is remembered, per table. */
export const ORIGINS_MAX = 4_096;
/** Expired and evicted rows are looked for so often, */
export const EXPIRY_INTERVAL_MS = 1_000;
/** and those of a TTL after this share of it, but not more rarely than this. */
export const EXPIRY_TTL_SHARE = 1 / 16;
export const EXPIRY_INTERVAL_MAX_MS = 60_000;
/** From one scan for expired rows to the next: so many times as long as it took, at least, removals aside. */
export const EXPIRY_SCAN_RATIO = 4;
/** Keys of one record of removal. */
export const VICTIMS_MAX = 2_048;
/** Rows whose seqs decide what is evicted, and pages that they are of: 1 % of error, and quickly sorted. */
export const LRU_SAMPLE_PAGES = 256;
export const LRU_SAMPLE_ROWS = 4_096;
/** Share of a stripe's memory from which on the shard warns, and how often it looks. */
export const FULLNESS_WARNING = 0.8;
export const FULLNESS_INTERVAL_MS = 5_000;
/** Keys of removed rows that are kept for subscribers who were away, per table; older ones cost them a snapshot. */
export const TOMBSTONE_BYTES_MAX = 4 * MIB;
/** Groups of one shard; they stay once somebody has joined, because their steps never start again. */
export const GROUPS_MAX = 4_096;
/** Members that wait at barriers or follow a group, over all groups. */
export const GROUP_STREAMS_MAX = 8_192;
/** Steps of all groups under way: contributions of all members and the result, with room for eight of the largest. */
export const GROUP_BYTES_MAX = 1024 * MIB;
/** Contributed values up to this size lie in memory that is used again. */
export const GROUP_POOLED_VALUE_BYTES_MAX = 2 * MIB;
/** Bytes of a result that one write takes. */
export const GROUP_WRITE_BYTES = MIB;
/** How long a call may wait at a barrier, whatever it asks for: what a timer of Node can hold. */
export const SYNC_TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** A timer that fires later than this shows that the process stood still; leases are prolonged by as much. */
export const LEASE_STALL_MS = 100;
/** Earlier incarnations of the log that the folder remembers. */
export const INCARNATIONS_MAX = 64;

if (STREAM_BYTES_IN_FLIGHT_MAX < 2 * PUSH_BYTES_MAX) throw new Error('a stream must hold two whole pushes');
if (BYTES_IN_FLIGHT_MAX < STREAM_BYTES_IN_FLIGHT_MAX) throw new Error('a process must hold one full stream');
if (SLICE_BUDGET_MS >= SLICE_MS) throw new Error('a slice must have room for its last step');
if (RESERVED_BYTES_IN_FLIGHT < PUSH_BYTES_MAX) throw new Error('a large push must fit what is reserved');
if (BYTES_IN_FLIGHT_MAX - RESERVED_BYTES_IN_FLIGHT < 2 * STREAM_BYTES_IN_FLIGHT_MAX) {
  throw new Error('a client alone must get all that a stream may hold');
}
if (LARGE_ANSWER_BYTES_MAX < 2 * PULL_BYTES_MAX)
  throw new Error('the largest answer must fit, in a power of 2');
if (LARGE_ANSWER_BYTES_MAX >= ANSWER_BYTES_MAX) throw new Error('small answers need memory of their own');
if (LOG_REPLAY_MAX_MIN < PUSH_BYTES_MAX) throw new Error('a log must hold the largest push');
if (LOG_REPLAY_MAX_MIN < 4 * SYNCED_COMMIT_BYTES) throw new Error('a log must hold several writes');
if (SUBSCRIBERS_MAX > STREAMS_MAX / 2) throw new Error('subscribers must leave streams to pushes and pulls');
if (GROUP_BYTES_MAX < 9 * GROUP_PAYLOAD_BYTES_MAX) throw new Error('eight of the largest must fit a step');
if (DELTA_BYTES >= MESSAGE_BYTES_MAX) throw new Error('a delta must fit a message');
