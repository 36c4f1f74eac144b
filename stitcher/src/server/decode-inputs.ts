// Stream records as the join takes them. Bytes that are no record are the join's business: it counts them.
import { sampledIn, TRACE_PARENT } from '@weir/proto';
import { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import type { StreamRecord } from '@weir/streams/client';
import type { Input } from '../core/join-options.ts';

export type Decoded<R> = { readonly progressMs: number } | Input<R>;

export const decodeFeatures = (records: readonly StreamRecord[]): Decoded<FeatureRecord>[] =>
  decode(records, (bytes) => FeatureRecord.decode(bytes));

export const decodeBehaviour = (records: readonly StreamRecord[]): Decoded<BehaviourEvent>[] =>
  decode(records, (bytes) => BehaviourEvent.decode(bytes));

function decode<R>(records: readonly StreamRecord[], decodeOne: (bytes: Uint8Array) => R): Decoded<R>[] {
  return records.map(({ offset, value, headers, progressTimeMs }) => {
    if (progressTimeMs !== undefined) return { progressMs: progressTimeMs };
    const trace = sampledIn(headers) && headers[TRACE_PARENT];
    try {
      return { offset, value, record: decodeOne(value), trace };
    } catch {
      return { offset, value, record: undefined, trace };
    }
  });
}
