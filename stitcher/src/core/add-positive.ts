// An event that makes a label of a sample positive, or is one more of those that do. Of several the earliest is named,
// whatever the order in which they come.
import type { LabelPlan } from './label-plan.ts';
import type { OpenRequest, Positive } from './open-request.ts';
import type { PendingEvent } from './pending-event.ts';

/** The positive, if it is new. */
export function addPositive(
  request: OpenRequest,
  sample: number,
  { label, timeMs, event, trace }: PendingEvent,
  plan: LabelPlan,
): Positive | undefined {
  const { ingestTimeMs, eventId } = event;
  const known = request.positives.find((positive) => positive.label === label && positive.sample === sample);
  if (known !== undefined) {
    known.ingestTimeMs = Math.max(known.ingestTimeMs, ingestTimeMs);
    if (timeMs < known.timeMs || (timeMs === known.timeMs && eventId < known.eventId)) {
      known.timeMs = timeMs;
      known.eventId = eventId;
    }
    return undefined;
  }
  const delayed = timeMs > request.timeMs + plan.labels[label]!.observationMs;
  const positive = { label, sample, delayed, ingestTimeMs, eventId, timeMs, trace };
  request.positives.push(positive);
  return positive;
}
