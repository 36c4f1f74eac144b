// Bounds of one record and of one request, the same in the collector and the stitcher.
import { DOCUMENTS_MAX, RECORD_BYTES_MAX } from '@weir/proto';

export const ID_LENGTH_MAX = 512;
export const LABELS_MAX = 16;
/** Distinct event ids that one request remembers. */
export const EVENTS_PER_REQUEST_MAX = 4096;
/** What samples add to their feature record at most: positions, rows, kinds, labels, times. */
export const SAMPLE_OVERHEAD_BYTES_MAX = 1024 * 1024;
export const FEATURE_RECORD_BYTES_MAX = RECORD_BYTES_MAX - SAMPLE_OVERHEAD_BYTES_MAX;
export const BEHAVIOUR_EVENT_BYTES_MAX = 64 * 1024;
/** A rejected record larger than this goes to its side stream without its bytes. */
export const SIDE_BYTES_MAX = RECORD_BYTES_MAX - BEHAVIOUR_EVENT_BYTES_MAX;
/** How far a live time stamp may be ahead of the wall clock before it is clamped. */
export const FUTURE_MS_MAX = 60_000;
/** Watermark of a stream without progress records: its newest time minus this. */
export const WATERMARK_BOUND_MS = 2_000;

/** A batch of the state log is cut into records of this size. */
export const STATE_PIECE_BYTES = 1024 * 1024;

const overhead = DOCUMENTS_MAX * (4 + 4 + 1 + 5 * LABELS_MAX) + LABELS_MAX * (4 * ID_LENGTH_MAX + 32) + 256;
if (overhead > SAMPLE_OVERHEAD_BYTES_MAX)
  throw new Error('the samples of the largest record must fit a record');
if (BEHAVIOUR_EVENT_BYTES_MAX < 16 * ID_LENGTH_MAX) throw new Error('a side record must hold its ids');
