// The shard's tables by uid and by name, with their rows. Changed only by log records, in log order.
import type { TableSpec } from '@weir/proto/v1/tables';
import type { Store } from '@weir/store';
import type { RowTable } from '../../kernel/row-table.ts';
import { createRowTable } from '../../kernel-wasm/load-kernel.ts';
import type { SpillShard } from '../spill/leaving-rows.ts';
import { LiveTable } from './live-table.ts';

export class Tables {
  readonly #store: Store | undefined;
  #spillShard: SpillShard | undefined;
  readonly #createRows: (spec: TableSpec) => RowTable;
  readonly #live = new Map<string, LiveTable>();
  readonly #uids = new Map<string, string>();
  /** uid -> position above which no record names the table, until the low mark has passed it. */
  readonly #dropped = new Map<string, number>();

  /**
   * @param store where tables keep rows for which there is no place in memory.
   * @param createRows with bounded memory in tests.
   */
  constructor(store?: Store, createRows = createRowTable) {
    this.#store = store;
    this.#createRows = createRows;
  }

  /** When recovery is over: what rows that leave memory need to know from then on. */
  attach(shard: SpillShard, appliedSeq: number): void {
    this.#spillShard = shard;
    for (const { spill } of this.#live.values()) spill?.attach(shard, appliedSeq);
  }

  /** Nothing is written for rows in memory any more. */
  async stop(): Promise<void> {
    await Promise.all(this.list().map(({ spill }) => spill?.stop()));
  }

  get size(): number {
    return this.#live.size;
  }

  get(uid: string): LiveTable | undefined {
    return this.#live.get(uid);
  }

  /** @param name qualified: `namespace/table`. */
  named(name: string): LiveTable | undefined {
    const uid = this.#uids.get(name);
    return uid === undefined ? undefined : this.#live.get(uid);
  }

  /** In order of names. */
  list(): LiveTable[] {
    return [...this.#live.values()].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  }

  bytes(): number {
    let bytes = 0;
    for (const { rows } of this.#live.values()) bytes += rows.bytes;
    return bytes;
  }

  /** Precondition: uid and name are free. */
  add(spec: TableSpec): LiveTable {
    const table = new LiveTable(spec, this.#createRows(spec), this.#store);
    if (this.#spillShard !== undefined) table.spill?.attach(this.#spillShard, 0);
    this.#live.set(spec.uid, table);
    this.#uids.set(spec.name, spec.uid);
    return table;
  }

  /** @param seq no record above it names the table. */
  drop(uid: string, seq: number): void {
    const table = this.#live.get(uid);
    if (table !== undefined) {
      this.#live.delete(uid);
      this.#uids.delete(table.spec.name);
      table.spill?.stop();
    }
    this.#dropped.set(uid, seq);
  }

  isDropped(uid: string): boolean {
    return this.#dropped.has(uid);
  }

  /** Dropped tables that no record above this position names. */
  droppedUpTo(seq: number): string[] {
    return [...this.#dropped].filter(([, at]) => at <= seq).map(([uid]) => uid);
  }

  forgetDropped(uid: string): void {
    this.#dropped.delete(uid);
  }
}
