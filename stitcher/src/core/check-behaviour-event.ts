// Whether a behaviour event can be stitched. An empty serving id is no fault: other keys may find the request.
import type { BehaviourEvent } from '@weir/proto/v1/records';
import { checkTime } from './check-time.ts';
import { BEHAVIOUR_EVENT_BYTES_MAX, ID_LENGTH_MAX } from './limits.ts';
import type { RejectedReason } from './reasons.ts';

/**
 * The reason to reject the event, or undefined.
 * @param bytes the event's encoded size
 */
export function checkBehaviourEvent(event: BehaviourEvent, bytes: number): RejectedReason | undefined {
  if (event.eventId === '') return 'event_id_missing';
  if (event.type === '') return 'type_missing';
  if (event.docId === '') return 'document_missing';
  if (
    event.eventId.length > ID_LENGTH_MAX ||
    event.servingId.length > ID_LENGTH_MAX ||
    event.docId.length > ID_LENGTH_MAX ||
    event.type.length > ID_LENGTH_MAX
  ) {
    return 'id_too_long';
  }
  if (bytes > BEHAVIOUR_EVENT_BYTES_MAX) return 'too_large';
  if (!Number.isFinite(event.value)) return 'value_not_finite';
  return checkTime(event.timeMs);
}
