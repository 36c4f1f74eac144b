// A table as its user holds it: bound to one uid, so that a table dropped and made anew is not mistaken for it.
import { keyCount, WeirError } from '@weir/proto';
import type { CallOptions } from './call-scope.ts';
import type { LastChange, LastChangesOptions } from './last-changes.ts';
import type { PushResult } from './outcome-unknown-error.ts';
import type { SourceRanges } from './source-ranges.ts';
import type { SubscribeOptions } from './subscribe.ts';
import type { TableDelta } from './table-delta.ts';
import { type Keys, packedView, type TableRef } from './table-ref.ts';
import type { TableSpec } from './table-spec.ts';

/** Of `Table.push` and `Weir.push`. */
export interface PushOptions extends CallOptions {
  /** Wall clock (Unix ms) of the oldest behaviour behind the gradients; feeds freshness. Default: unknown. */
  readonly originTimeMs?: number | undefined;
  /**
   * What the gradients were computed from: a shard that has applied these ranges passes over its rows, so the same push
   * may be made again. Every shard gets them, with no rows where it has none of the keys; nothing is merged with them.
   */
  readonly sources?: SourceRanges | undefined;
}

/** Rows of one table, for `Weir.push`. */
export interface TableGradients {
  readonly table: Table | string;
  readonly keys: Keys;
  /** Keys x dim: gradients; values for the optimizers `assign` and `sum`. */
  readonly gradients: Float32Array;
}

/** What a table needs of its client. */
export interface TableClient {
  pull(table: TableRef, keys: Keys, options: CallOptions | undefined): Promise<Float32Array>;
  push(parts: readonly TableGradients[], options: PushOptions | undefined): Promise<PushResult>;
  subscribe(table: TableRef, options: SubscribeOptions | undefined): AsyncIterable<TableDelta>;
  lastChanges(table: TableRef, keys: Keys, options: LastChangesOptions | undefined): Promise<LastChange[]>;
}

/**
 * A table to pull from and push to, from `Weir.table`. It stands for one table, not for its name: when that is dropped and made
 * anew, calls here end with TABLE_NOT_FOUND.
 */
export class Table implements TableRef {
  /** As it stood when the table was looked up; `tables.describe` says what it is now. */
  readonly spec: TableSpec;
  readonly #client: TableClient;

  constructor(spec: TableSpec, client: TableClient) {
    this.spec = spec;
    this.#client = client;
  }

  /** `namespace/name`. */
  get name(): string {
    return this.spec.name;
  }

  /** Of this table alone, for all time. */
  get uid(): string {
    return this.spec.uid;
  }

  /** Weights per row. */
  get dim(): number {
    return this.spec.dim;
  }

  /**
   * Rows of keys, f32 [keys x dim] in the order of keys; duplicates are fine. A key that was never pushed has
   * the value of the table's initializer; asking for it makes no row. No consistency between rows.
   * @throws WeirError TABLE_NOT_FOUND when the table was dropped, DEADLINE_EXCEEDED, CANCELLED.
   */
  pull(keys: Keys, options?: CallOptions): Promise<Float32Array> {
    return this.#client.pull(this, keys, options);
  }

  /**
   * Updates rows with gradients [keys x dim]; resolves when every shard concerned has it in its log and applied.
   * Atomic per shard, not across shards. A key twice is two updates in order. The arrays are copied before this
   * returns. Pushes may be made at once, in any number; awaiting them is what bounds memory, and what makes one come
   * after another. Small ones that wait for the same shard go there together (`batchRows`, `lingerMs` of `connect`).
   * When the deadline passes or the signal aborts, what has not been sent is taken back.
   * @throws WeirError DIMENSION_MISMATCH, PUSH_TOO_LARGE, OVERLOADED when too many pushes wait here already,
   * DEADLINE_EXCEEDED or CANCELLED (nothing sent); TABLE_NOT_FOUND when the table was dropped, NOT_FINITE with the
   * key's index (nothing of that shard's part applied). With sources never NOT_FINITE or TABLE_FULL (the rows are
   * skipped), but SOURCE_GAP with `applied`, SOURCE_MIXED, FENCED, SOURCE_LOST; another shard may have applied its part.
   * @throws OutcomeUnknownError when it ended early with something sent; its `retry()` keeps the numbers. With sources
   * a fresh push of the same ranges counts once, too.
   */
  push(keys: Keys, gradients: Float32Array, options?: PushOptions): Promise<PushResult> {
    return this.#client.push([{ table: this, keys, gradients }], options);
  }

  /**
   * Rows as they change, of all shards: a snapshot of each shard, then deltas. Reconnects by itself; ends when
   * the signal aborts or the client is closed. A consumer that is slow slows its stream, nothing else.
   * @throws WeirError INVALID_ARGUMENT; TABLE_NOT_FOUND when the table is dropped; whatever a shard refuses for good.
   */
  subscribe(options?: SubscribeOptions): AsyncIterable<TableDelta> {
    return this.#client.subscribe(this, options);
  }

  /**
   * What changed rows of distinct keys last, in their order, as far as the shards' logs go back. For people: a shard reads
   * its log for it, and answers one such question at a time.
   * @throws WeirError TABLE_NOT_FOUND, INVALID_ARGUMENT for too many keys, DEADLINE_EXCEEDED, CANCELLED.
   */
  lastChanges(keys: Keys, options?: LastChangesOptions): Promise<LastChange[]> {
    return this.#client.lastChanges(this, keys, options);
  }
}

/** @throws WeirError DIMENSION_MISMATCH, INVALID_ARGUMENT. */
export function checkedRows({ name, uid, dim }: TableRef, keys: Keys, values: Float32Array) {
  const packed = packedView(keys, name);
  const rows = keyCount(packed);
  if (values.length !== rows * dim) {
    throw new WeirError(
      'DIMENSION_MISMATCH',
      `table ${name}: ${rows} keys of dim ${dim} need ${rows * dim} values, not ${values.length}; nothing was sent`,
      { table: name },
    );
  }
  return { table: { name, uid, dim }, keys: packed, values, positions: undefined };
}
