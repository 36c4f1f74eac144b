// Defects to be noticed, put into single objects of a shard under test.
import type { ClientNumbers } from '../core/client-numbers.ts';
import { decodeLogRecord, encodeLogRecord, type PushRecord } from '../core/log-record.ts';
import type { PushLog } from '../server/log/push-log.ts';
import { ONE_OFF } from '../server/push/push-preparation.ts';

/** From now on a number that was logged is taken once more. */
export function applyDuplicates(numbers: ClientNumbers): void {
  const admit = numbers.admit.bind(numbers);
  numbers.admit = (client) => {
    const admission = admit(client);
    return admission.kind === 'duplicate' && !admission.pending ? { kind: 'accepted' } : admission;
  };
}

/** From now on a push's source ranges stand in a record of their own, behind that of its rows. */
export function storeOffsetsLater(log: PushLog): void {
  const submit = log.submit.bind(log);
  log.submit = (entry) => {
    let rows: PushRecord | undefined;
    submit({
      ...entry,
      encode: (seq) => {
        const bytes = entry.encode(seq);
        const record = decodeLogRecord(bytes, seq);
        if (record.kind !== 'push' || record.sources.length === 0) return bytes;
        rows = record;
        return encodeLogRecord({ ...record, sources: [] });
      },
      apply: (seq) => {
        entry.apply(seq);
        if (rows === undefined) return;
        const offsets = { ...rows, client: ONE_OFF, parts: [] };
        submit({
          bytes: 0,
          encode: (later) => encodeLogRecord({ ...offsets, seq: later }),
          apply() {},
          refuse() {},
        });
      },
    });
  };
}
