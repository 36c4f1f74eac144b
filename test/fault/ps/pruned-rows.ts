// Rows of a table that loses rows by itself, by age or by number: when is the shard's decision. A row that is there holds
// the updates since it was last removed, all of them and in order: a suffix of what was pushed, and never a
// longer one than was seen before. Values are positive, so that every suffix has another sum.
import type { Table } from '@weir/sdk';

interface History {
  readonly values: number[];
  /** Updates before this one were removed, as seen so far. */
  from: number;
}

export class PrunedRows {
  readonly table: Table;
  readonly #rows = new Map<bigint, History>();

  /** @param table of dim 1, its rows the sums of what is pushed. */
  constructor(table: Table) {
    this.table = table;
  }

  apply(key: bigint, value: number): void {
    const row = this.#rows.get(key) ?? { values: [], from: 0 };
    this.#rows.set(key, row);
    row.values.push(value);
  }

  /** @returns what is wrong, in words. */
  async check(): Promise<string[]> {
    if (this.#rows.size === 0) return [];
    const found = await this.table.pull(BigUint64Array.from(this.#rows.keys()));
    return [...this.#rows].flatMap(([key, row], i) => {
      const from = suffixWithSum(row.values, found[i]!);
      if (from !== undefined && from >= row.from) {
        row.from = from;
        return [];
      }
      return [
        `table ${this.table.name}, key ${key}: ${found[i]} is no sum of its last updates, or of more than before`,
      ];
    });
  }
}

function suffixWithSum(values: readonly number[], sum: number): number | undefined {
  let rest = sum;
  let from = values.length;
  while (rest > 0 && from > 0) rest -= values[--from]!;
  return rest === 0 ? from : undefined;
}
