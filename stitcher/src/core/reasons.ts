// Why something was left out: closed lists, so that counters and side streams can be read by a program.

/** Stream `rejected`: malformed or abnormal; the same list in the collector and the stitcher. */
export const REJECTED_REASONS = [
  'undecodable',
  'serving_id_missing',
  'event_id_missing',
  'type_missing',
  'document_missing',
  'id_too_long',
  'time_missing',
  'time_absurd',
  'value_not_finite',
  'keep_probability_absurd',
  'documents_missing',
  'documents_too_many',
  'document_repeated',
  'column_length',
  'never_exposed',
  'too_large',
] as const;
export type RejectedReason = (typeof REJECTED_REASONS)[number];

/** Stream `late`. */
export const LATE_REASONS = [
  // Its own time is after the label's window.
  'after_window',
  // Its time is inside, but it came when the watermark of its stream had passed the window.
  'after_watermark',
  // It came behind the watermark of its own stream, and its request is not known (any more).
  'behind_watermark',
] as const;
export type LateReason = (typeof LATE_REASONS)[number];

/** Stream `orphans`. */
export const ORPHAN_REASONS = [
  // Fall-back keys, which could find its request, come with a later version.
  'serving_id_missing',
  // No features until the watermark passed the event's time.
  'features_missing',
  // The request did not show this document.
  'document_unknown',
  'events_too_many',
] as const;
export type OrphanReason = (typeof ORPHAN_REASONS)[number];

/** Counted only. */
export const IGNORED_REASONS = ['label_not_configured'] as const;
export type IgnoredReason = (typeof IGNORED_REASONS)[number];
