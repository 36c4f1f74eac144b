import { u32FromBytes } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PushRecordPart } from './log-record.ts';
import { placesBefore, SkippedRows, withoutRows } from './skipped-rows.ts';

const NO_KEYS = new Uint32Array(0);

/** Keys from few, so that they repeat; each row's values say which row it is. */
function partOf(keys: readonly number[], dim: number): PushRecordPart {
  return {
    tableUid: 'doc',
    keys: Uint32Array.from(keys.flatMap((key) => [key, 0])),
    values: Float32Array.from({ length: keys.length * dim }, (_, i) => Math.floor(i / dim)),
    counted: NO_KEYS,
  };
}

const rowsOf = ({ keys, values }: PushRecordPart, dim: number) =>
  Array.from({ length: keys.length / 2 }, (_, i) => [keys[2 * i], values[i * dim]]);

const listed = (skipped: SkippedRows) =>
  skipped.messages(9).map(({ number, tableUid, code, keys, rows }) => ({
    number,
    tableUid,
    code,
    keys: [...u32FromBytes(keys)],
    rows,
  }));

describe('rows of a push that are passed over', () => {
  it('are left out, and told by their index in the push as it was sent', () => {
    const rows = fc.array(
      fc.record({ key: fc.nat(3), poisoned: fc.boolean(), held: fc.boolean(), full: fc.boolean() }),
    );
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 3 }), (sent, dim) => {
        const indexesOf = (which: (row: (typeof sent)[number]) => boolean) =>
          sent.flatMap((row, i) => (which(row) ? [i] : []));
        const all = partOf(
          sent.map(({ key }) => key),
          dim,
        );
        // Admission holds all updates of a key in a push up to some, as it does.
        const finite = withoutRows(
          all,
          indexesOf(({ poisoned }) => poisoned),
        );
        const finiteRows = sent.filter(({ poisoned }) => !poisoned);
        const heldRows = finiteRows.flatMap(({ held }, i) => (held ? [i] : []));
        const admitted = withoutRows(finite, heldRows);
        const admittedRows = finiteRows.filter(({ held }) => !held);
        const fullRows = admittedRows.flatMap(({ full }, i) => (full ? [i] : []));

        const skipped = new SkippedRows();
        const poisoned = indexesOf((row) => row.poisoned);
        skipped.notFinite('doc', poisoned);
        const places = placesBefore(finite.keys, admitted.keys, fullRows);
        skipped.full('doc', places);
        const [first, second] = listed(skipped);
        expect(first).toEqual({
          number: 9,
          tableUid: 'doc',
          code: 'NOT_FINITE',
          keys: poisoned,
          rows: poisoned.length,
        });
        // Of a key that comes several times any one may be told.
        expect(second!.keys.map((i) => sent[i]!.key)).toEqual(fullRows.map((i) => admittedRows[i]!.key));
        expect(second!.keys.some((i) => sent[i]!.poisoned)).toBe(false);
        expect(new Set(second!.keys).size).toBe(fullRows.length);
        if (!sent.some(({ held }) => held)) {
          expect(second!.keys).toEqual(indexesOf((row) => !row.poisoned && row.full));
        }
        const kept = withoutRows(admitted, fullRows);
        expect(rowsOf(kept, dim)).toEqual(
          sent.flatMap((row, i) => (row.poisoned || row.held || row.full ? [] : [[row.key, i]])),
        );
        expect(skipped.counts).toEqual([
          { code: 'NOT_FINITE', rows: poisoned.length },
          { code: 'TABLE_FULL', rows: fullRows.length },
        ]);
      }),
    );
  });

  it('are listed up to a bound, and all counted', () => {
    const skipped = new SkippedRows();
    skipped.notFinite(
      'doc',
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    skipped.notFinite(
      'user',
      Array.from({ length: 500 }, (_, i) => i),
    );
    skipped.full('item', [3]);
    expect(listed(skipped).map(({ keys, rows }) => [keys.length, rows])).toEqual([
      [1_000, 1_000],
      [24, 500],
      [0, 1],
    ]);
  });
});
