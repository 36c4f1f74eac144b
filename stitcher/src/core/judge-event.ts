// The verdict on one behaviour event against the request of its serving id. It depends on the contents of the two
// streams alone, never on how their reads interleaved: the watermarks used are those of the event's and the
// feature record's own streams at their own arrival.

import type { LabelPlan } from './label-plan.ts';
import { EVENTS_PER_REQUEST_MAX } from './limits.ts';
import type { OpenRequest } from './open-request.ts';
import { eventContentHash, type PendingEvent } from './pending-event.ts';
import type { LateReason, OrphanReason } from './reasons.ts';

export type Verdict =
  | { readonly kind: 'positive'; readonly sample: number }
  | { readonly kind: 'duplicate'; readonly conflicting: boolean }
  | { readonly kind: 'late'; readonly reason: LateReason; readonly ageMs: number }
  | { readonly kind: 'orphan'; readonly reason: OrphanReason };

/**
 * Whether the event can see the request. Features that came when their watermark had already passed the event's
 * time came too late for it: by then it was an orphan; and a request is remembered for `retentionMs`.
 */
export function canSee(request: OpenRequest, pending: PendingEvent, plan: LabelPlan): boolean {
  return (
    request.arrivalWatermarkMs <= pending.timeMs &&
    pending.arrivalWatermarkMs <= request.timeMs + plan.retentionMs
  );
}

/** Precondition: `canSee`. Remembers the event's id in the request, which has changed then. */
export function judgeEvent(request: OpenRequest, pending: PendingEvent, plan: LabelPlan): Verdict {
  const { event, timeMs, arrivalWatermarkMs } = pending;
  const lastMs = request.timeMs + plan.labels[pending.label]!.attributionMs;
  const isClosed = arrivalWatermarkMs > request.timeMs + plan.windowMaxMs;
  let sample = -1;
  if (!isClosed) {
    const hash = eventContentHash(pending);
    request.seen ??= new Map();
    const known = request.seen.get(event.eventId);
    if (known !== undefined) return { kind: 'duplicate', conflicting: known !== hash };
    if (request.seen.size >= EVENTS_PER_REQUEST_MAX) return { kind: 'orphan', reason: 'events_too_many' };
    request.seen.set(event.eventId, hash);
    sample = request.docIds.indexOf(event.docId);
    if (sample === -1) return { kind: 'orphan', reason: 'document_unknown' };
  }
  if (timeMs > lastMs) return { kind: 'late', reason: 'after_window', ageMs: timeMs - lastMs };
  if (arrivalWatermarkMs > lastMs) {
    return { kind: 'late', reason: 'after_watermark', ageMs: arrivalWatermarkMs - lastMs };
  }
  return { kind: 'positive', sample };
}

/** The verdict on an event whose time the watermark has passed without features that it can see. */
export function judgeUnmatched({ timeMs, arrivalWatermarkMs }: PendingEvent): Verdict {
  return timeMs < arrivalWatermarkMs
    ? { kind: 'late', reason: 'behind_watermark', ageMs: arrivalWatermarkMs - timeMs }
    : { kind: 'orphan', reason: 'features_missing' };
}
