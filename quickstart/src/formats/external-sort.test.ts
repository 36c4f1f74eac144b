import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { externalSort, type SortedRow } from './external-sort.ts';

const options = {
  compare: (a: number, b: number) => a - b,
  encode: String,
  decode: Number,
};

async function* rowsOf(values: readonly number[]): AsyncGenerator<SortedRow<number>> {
  for (const [index, row] of values.entries()) yield { line: index + 1, characters: 10, row };
}

async function sorted(values: readonly number[], runCharacters: number): Promise<SortedRow<number>[]> {
  const out: SortedRow<number>[] = [];
  for await (const row of externalSort(rowsOf(values), { ...options, runCharacters })) out.push(row);
  return out;
}

const folders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('weir-sort-'));

describe('externalSort', () => {
  it('gives rows in order, equal ones in order of their lines, however many runs it takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }), async (values) => {
        const expected = values
          .map((row, index) => ({ line: index + 1, row }))
          .sort((a, b) => a.row - b.row || a.line - b.line);
        for (const runCharacters of [1_000, 70]) {
          const actual = await sorted(values, runCharacters);
          expect(actual.map(({ line, row }) => ({ line, row }))).toEqual(expected);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('removes its temporary files, also when it is left early', async () => {
    const before = await folders();
    for await (const { row } of externalSort(rowsOf([3, 1, 2]), { ...options, runCharacters: 10 })) {
      expect(row).toBe(1);
      break;
    }
    expect(await folders()).toEqual(before);
  });
});
