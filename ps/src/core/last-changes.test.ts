// The last changes of rows against a model that plays the log forward.
import { packKeys } from '@weir/proto';
import { ChangeKind } from '@weir/proto/v1/parameter_server';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LastChangesScan } from './last-changes.ts';
import type { LogRecord } from './log-record.ts';

const UID = 'table';
const NONE = new Uint32Array(0);
const KEYS = [1n, 2n, 3n, 4n];

type Step = { readonly keys: bigint[] } & ({ readonly push: string } | { readonly removeUpTo: number });

const keys = fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ keys, push: fc.constantFrom(UID, 'another') }),
  fc.record({ keys, removeUpTo: fc.integer({ min: 0, max: 12 }) }),
);

function recordOf(given: Step, seq: number): LogRecord {
  const packed = packKeys(BigUint64Array.from(given.keys));
  if ('removeUpTo' in given) {
    const upToSeq = Math.min(given.removeUpTo, seq - 1);
    return { kind: 'remove', seq, tableUid: UID, reason: 'expired', upToSeq, keys: packed };
  }
  const client = { id: 'c', incarnation: 'i', number: seq };
  const values = new Float32Array(given.keys.length).fill(seq);
  const parts = [{ tableUid: given.push, keys: packed, values, counted: NONE }];
  return { kind: 'push', seq, client, clockMs: seq, originTimeMs: 0, sources: [], parts };
}

it('finds for each key what playing the log forward finds, or says that it is older than what it read', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.nat(12), (steps, trimmed) => {
      const records = steps.map((given, i) => recordOf(given, i + 1));
      const scan = new LastChangesScan(UID, packKeys(BigUint64Array.from(KEYS)));
      const kept = records.slice(trimmed);
      for (const record of kept.toReversed()) scan.add(record);
      const found = scan.changes(trimmed + 1);
      KEYS.forEach((key, number) => {
        const { kind, seq } = found[number]!;
        let last: { kind: ChangeKind; seq: number } = { kind: ChangeKind.NONE, seq: 0 };
        let rowSeq = 0;
        for (const [i, given] of steps.entries()) {
          const record = records[i]!;
          if (!given.keys.includes(key)) continue;
          if (record.kind === 'push' && record.parts[0]!.tableUid === UID) {
            rowSeq = record.seq;
            last = { kind: ChangeKind.PUSH, seq: record.seq };
          } else if (record.kind === 'remove' && rowSeq > 0 && rowSeq <= record.upToSeq) {
            rowSeq = 0;
            last = { kind: ChangeKind.REMOVED, seq: record.seq };
          }
        }
        if (kind === ChangeKind.PUSH || last.kind === ChangeKind.PUSH) {
          // A push that is not among what was read is older.
          const expected = last.seq > trimmed ? last : { kind: ChangeKind.OLDER, seq: 0 };
          if (last.kind === ChangeKind.PUSH) expect({ kind, seq }).toEqual(expected);
          else expect(kind).toBe(ChangeKind.REMOVED);
        } else expect(kind).not.toBe(ChangeKind.PUSH);
      });
    }),
  );
});
