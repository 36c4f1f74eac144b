// The verdicts on events whose time the watermark passed while they waited for features.
import { judgeUnmatched, type Verdict } from './judge-event.ts';
import { eventContentHash, type PendingEvent } from './pending-event.ts';

/**
 * Repeats of one event id and time are duplicates as long as the first is remembered, which is until the watermark of
 * their own stream passes that time; a later one is late.
 * @param events by (time, offset); all waiting events of a time are among them.
 */
export function* judgeUnmatchedEvents(events: Iterable<PendingEvent>): Iterable<[PendingEvent, Verdict]> {
  let timeMs = -1;
  const first = new Map<string, number>();
  for (const pending of events) {
    if (pending.timeMs !== timeMs) first.clear();
    timeMs = pending.timeMs;
    const { servingId, eventId } = pending.event;
    const id = `${servingId.length}:${servingId}${eventId}`;
    const hash = eventContentHash(pending);
    const known = pending.arrivalWatermarkMs <= timeMs ? first.get(id) : undefined;
    if (known !== undefined) yield [pending, { kind: 'duplicate', conflicting: known !== hash }];
    else {
      first.set(id, hash);
      yield [pending, judgeUnmatched(pending)];
    }
  }
}
