// Bounds of the readers and of the replay driver. Relations between them are asserted at load.
import { DOCUMENTS_MAX } from '@weir/proto';

/** A longer line of an input file is a bad line; what is beyond is skipped, not kept. */
export const LINE_BYTES_MAX = 8 * 1024 * 1024;
/** Text held in memory while a file is sorted; beyond it sorted runs go to temporary files. */
export const SORT_RUN_CHARACTERS = 16 * 1024 * 1024;
/** Sorted runs merged at once: files open at the same time. */
export const SORT_RUNS_MAX = 256;
/** Sessions whose seen items are remembered; the one silent for longest goes first. */
export const SESSIONS_MAX = 200_000;
/** Items remembered of one session; the first seen goes first. */
export const SESSION_ITEMS_MAX = 1_000;
/** Pairs of user and product, users and products of jdata that are remembered; the one silent for longest goes first. */
export const JDATA_PAIRS_MAX = 400_000;
export const JDATA_USERS_MAX = 200_000;
export const JDATA_PRODUCTS_MAX = 100_000;
/** Bad lines that are reported one by one; all are counted. */
export const BAD_LINES_REPORTED = 20;

/** Rank requests in flight. */
export const RANKS_IN_FLIGHT = 32;
/** Events waiting for the collector; the reader waits beyond it. */
export const EVENTS_QUEUED_MAX = 4_096;
/** Events of one PutEvents call. */
export const EVENTS_PER_CALL = 512;
/** Samples that may be due (their window closed) but not yet trained; the reader waits beyond it. */
export const DUE_SAMPLES_MAX = 6_000;
/** The same in requests, for data whose requests have few documents. */
export const DUE_REQUESTS_MAX = 512;
/** As many windows of the trainer may be due whatever their samples: one that is not full closes only with the next requests. */
export const DUE_WINDOWS_MIN = 3;
/** Between two looks whether a canary has come through: how exactly its duration is known. */
export const CANARY_LOOK_INTERVAL_MS = 50;
/** How long one Rank or PutEvents may take before it is repeated. */
export const CALL_TIMEOUT_MS = 10_000;
/** How long one record may be repeated before the replay gives up. */
export const RECORD_TIMEOUT_MS = 120_000;
/** Pause before the first repetition; doubled up to RETRY_PAUSE_MAX_MS. */
export const RETRY_PAUSE_MS = 20;
export const RETRY_PAUSE_MAX_MS = 1_000;
/** Between two progress records, and between two looks at what is trained. */
export const PROGRESS_INTERVAL_MS = 20;
/** Without any progress of stitcher or trainer for so long, while the replay waits for them, it gives up. */
export const STALL_TIMEOUT_MS = 120_000;
/** How long an admin port may take to answer. */
export const ADMIN_TIMEOUT_MS = 5_000;
/** Points of the live view's past that a page opened late is told; twice the seconds of the shipped data set. */
export const HISTORY_POINTS_MAX = 240;
/** Pages that watch at once; a further one is refused. */
export const WATCHERS_MAX = 32;
/** Bytes that a page may leave unread; then it is cut off, and comes back by itself. */
export const WATCHER_BYTES_MAX = 1024 * 1024;
/** How long pages may take to read that the run has ended. */
export const LAST_WORDS_MS = 500;
/** Documents that a search can find. */
export const DOCUMENTS_REMEMBERED_MAX = 200_000;
/** Documents that one search gives. */
export const SUGGESTIONS_MAX = 20;
/** Rows shown of one document. */
export const VECTORS_SHOWN_MAX = 64;

if (EVENTS_PER_CALL > EVENTS_QUEUED_MAX) throw new Error('a call of events must fit the queue');
if (DUE_SAMPLES_MAX < DOCUMENTS_MAX) throw new Error('the largest request must be allowed to become due');
if (CALL_TIMEOUT_MS >= RECORD_TIMEOUT_MS) throw new Error('a record must be repeated at least once');
