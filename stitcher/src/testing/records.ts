// Feature records and behaviour events for tests: valid unless a field says otherwise.
import { bytesOf } from '@weir/proto';
import { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';

export function featureRecord(fields: Partial<FeatureRecord> = {}): FeatureRecord {
  const docIds = fields.docIds ?? ['d0', 'd1', 'd2'];
  return {
    ...FeatureRecord.decode(new Uint8Array()),
    servingId: 's0',
    timeMs: 1_000_000,
    user: 'u0',
    scene: 'home',
    docIds,
    scores: [{ label: 'click', arm: '', values: bytesOf(Float32Array.from(docIds, (_, i) => 0.1 + i / 8)) }],
    features: new TextEncoder().encode(`block of ${fields.servingId ?? 's0'}`),
    ...fields,
  };
}

export function behaviourEvent(fields: Partial<BehaviourEvent> = {}): BehaviourEvent {
  return {
    ...BehaviourEvent.decode(new Uint8Array()),
    eventId: 'e0',
    type: 'click',
    servingId: 's0',
    docId: 'd0',
    timeMs: 1_001_000,
    value: 1,
    ...fields,
  };
}
