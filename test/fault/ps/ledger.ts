// What a shard must hold, computed from what its clients pushed and from which marks it shows; and the comparison.
// The marks say which pushes of unknown outcome were applied; everything else then follows.
import type { Table, Weir } from '@weir/sdk';
import { PrunedRows } from './pruned-rows.ts';
import { ReferenceRow, tolerance } from './reference.ts';
import type { Pushed, PushedPart } from './session.ts';

export interface Verdict {
  /** Acknowledged pushes that are not there. */
  readonly lost: number;
  /** Pushes that count more than once. */
  readonly doubled: number;
  /** What else is wrong, in words. */
  readonly problems: readonly string[];
}

const PROBLEMS_MAX = 5;

export class Ledger {
  /** Table uid -> key -> the row after all updates so far. A key without an update has no row. */
  readonly #rows = new Map<string, Map<bigint, ReferenceRow>>();
  /** Table uid -> key -> what it is before its first update. */
  readonly #initial = new Map<string, Map<bigint, ArrayLike<number>>>();
  readonly #pruned: ReadonlyMap<string, PrunedRows>;
  readonly #marks: Table;
  readonly #tables = new Map<string, Table>();

  /** @param pruned tables that lose rows by themselves. */
  constructor(marks: Table, pruned: readonly Table[]) {
    this.#marks = marks;
    this.#pruned = new Map(pruned.map((table) => [table.uid, new PrunedRows(table)]));
  }

  /** Values of keys that nobody has pushed yet; 0 where this was not called. */
  async learnInitial(table: Table, keys: readonly bigint[]): Promise<void> {
    const weights = await table.pull(BigUint64Array.from(keys));
    const known = this.#initial.get(table.uid) ?? new Map();
    this.#initial.set(table.uid, known);
    for (const [i, key] of keys.entries()) known.set(key, weights.slice(i * table.dim, (i + 1) * table.dim));
  }

  /**
   * Compares what the shard holds. Every outcome must be settled, or cannot change any more.
   * @param pushed since the last check, each client's in the order of its calls.
   * @param gone uids of tables that are dropped.
   */
  async check(weir: Weir, pushed: readonly Pushed[], gone: ReadonlySet<string>): Promise<Verdict> {
    const problems: string[] = [];
    let lost = 0;
    let doubled = 0;
    const marks = await this.#marks.pull(BigUint64Array.from(pushed, ({ mark }) => mark));
    for (const [i, push] of pushed.entries()) {
      const times = marks[i]!;
      if (push.outcome === 'acknowledged' && times === 0) lost++;
      else if (times > 1) doubled++;
      else if (push.outcome === 'absent' && times !== 0)
        problems.push(`push ${push.mark} was refused and applied`);
      if (times > 0) for (const part of push.parts) this.#apply(part);
    }
    const live = new Map((await weir.tables.list()).map((table) => [table.spec.uid, table]));
    for (const [uid, rows] of this.#rows) {
      if (gone.has(uid)) continue;
      const table = this.#tables.get(uid)!;
      const stored = live.get(uid)?.rows;
      // Rows on disk only are not counted.
      const counted = table.spec.memoryRowsMax === undefined;
      if (counted && stored !== rows.size)
        problems.push(`table ${table.name} has ${stored} rows, not ${rows.size}`);
      if (stored !== undefined) problems.push(...(await wrongRows(table, rows)));
    }
    for (const rows of this.#pruned.values()) problems.push(...(await rows.check()));
    for (const uid of gone) if (live.has(uid)) problems.push(`the dropped table ${uid} is back`);
    return { lost, doubled, problems: problems.slice(0, PROBLEMS_MAX) };
  }

  #apply({ table, keys, values }: PushedPart): void {
    const pruned = this.#pruned.get(table.uid);
    if (pruned !== undefined) {
      for (const [i, key] of keys.entries()) pruned.apply(key, values[i]!);
      return;
    }
    this.#tables.set(table.uid, table);
    const rows = this.#rows.get(table.uid) ?? new Map<bigint, ReferenceRow>();
    this.#rows.set(table.uid, rows);
    for (const [i, key] of keys.entries()) {
      let row = rows.get(key);
      if (row === undefined) {
        const initial = this.#initial.get(table.uid)?.get(key) ?? new Float32Array(table.dim);
        row = new ReferenceRow(initial, table.spec.optimizer);
        rows.set(key, row);
      }
      row.update(table.spec.optimizer, values, i * table.dim);
    }
  }
}

async function wrongRows(table: Table, rows: ReadonlyMap<bigint, ReferenceRow>): Promise<string[]> {
  const { dim, name } = table;
  const { optimizer } = table.spec;
  const found = await table.pull(BigUint64Array.from(rows.keys()));
  const problems: string[] = [];
  let at = 0;
  for (const [key, { weights }] of rows) {
    for (let i = 0; i < dim; i++, at++) {
      const expected = weights[i]!;
      if (Math.abs(found[at]! - expected) <= tolerance(optimizer, expected)) continue;
      problems.push(`table ${name}, key ${key}, weight ${i}: ${found[at]}, not ${expected}`);
      if (problems.length === PROBLEMS_MAX) return problems;
    }
  }
  return problems;
}
