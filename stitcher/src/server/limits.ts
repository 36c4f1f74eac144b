// Bounds of the stitcher's shell. Those in bytes of state are for the whole process and shared by its partitions.
import { RECORD_BYTES_MAX } from '@weir/proto';

/** Of the members, in the parameter server. */
export const STITCHER_GROUP = 'stitcher';
/** Under which the streams know how far the stitchers are. */
export const STREAMS_GROUP = 'stitcher';

/** Skeletons of requests in memory; beyond it the oldest are left to the store. */
export const SKELETON_BYTES_MAX = 96 * 1024 * 1024;
/** Templates (documents, scores, features) in memory; beyond it the oldest are left to the store. */
export const TEMPLATE_BYTES_MAX = 96 * 1024 * 1024;
/** Events that wait for features; beyond it behaviour is not read until features have caught up. */
export const WAITING_BYTES_MAX = 32 * 1024 * 1024;
/** Above this share of it features are read first, as long as there are any. */
export const WAITING_SHARE_AHEAD = 1 / 8;
/** Read ahead of the join, per stream and partition. */
export const READ_AHEAD_BYTES = 2 * 1024 * 1024;
/** Templates of what one step emits; a longer run of due samples takes several steps. */
export const FIRE_BYTES_MAX = 4 * 1024 * 1024;
/** Outputs written but not yet appended, per partition; beyond it the join waits. */
export const OUTBOX_BYTES_MAX = 16 * 1024 * 1024;
/** An entry of the outbox is closed at this size; also what one append takes at most. */
export const OUTBOX_ENTRY_BYTES = 1024 * 1024;
/** Spilled requests that one step forgets at most. */
export const FORGET_SPILLED_MAX = 20_000;

/** A state log shorter than this is left as it is. */
export const STATE_LOG_BYTES_MIN = 16 * 1024 * 1024;
/** A longer one, when it is this many times the state: the state is written anew at its end, and its beginning goes. */
export const STATE_LOG_FACTOR = 4;
/** Of the state that is written anew, in one step: as much as the step before changed, within these. */
export const CARRIED_BYTES_MIN = 64 * 1024;
export const CARRIED_BYTES_MAX = 4 * 1024 * 1024;
/** What one write to the local store takes of the log when a partition is taken over. */
export const RESTORE_BYTES = 2 * 1024 * 1024;

/** Steps of a partition start at least this far apart unless this many bytes wait: a step has a fixed cost. */
export const STEP_SPACING_MS = 8;
export const STEP_BYTES = 256 * 1024;
/** A stream that is read to its end and silent for this long is idle. */
export const IDLE_AFTER_MS = 1_000;
export const IDLE_CHECK_MS = 250;
/** When all is silent, time passes this far behind the wall clock. */
export const SILENCE_GUARD_MS = 10_000;
/** How long the last commit of group offsets may hold up a stop. */
export const LAST_OFFSETS_TIMEOUT_MS = 1_000;
/** Between two commits of group offsets. */
export const OFFSETS_INTERVAL_MS = 250;
/** They are said again after this long, changed or not. */
export const OFFSETS_SAID_AGAIN_MS = 5_000;
/** Between tries of an append that the streams cannot take now. */
export const APPEND_RETRY_MS = 200;
/** Calls that still run when a stop begins get this long. */
export const GRPC_STOP_MS = 1_000;
/** Between tries to take a partition over while the streams are away. */
export const TAKEOVER_RETRY_MS = 500;
/** How long the end of the membership may hold up a stop. */
export const LEAVE_TIMEOUT_MS = 1_000;
/** What remains to be appended when a stop begins gets this long; then it waits in the outbox. */
export const DRAIN_TIMEOUT_MS = 3_000;

if (OUTBOX_ENTRY_BYTES > OUTBOX_BYTES_MAX || RECORD_BYTES_MAX > OUTBOX_BYTES_MAX) {
  throw new Error('an entry and a record must fit the outbox');
}
if (IDLE_AFTER_MS >= SILENCE_GUARD_MS)
  throw new Error('a stream must be idle before its time passes by itself');
