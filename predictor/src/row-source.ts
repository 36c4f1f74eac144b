// Rows of one table for one answer: the replica first; what it lacks while it is not whole, by a pull; what no pull
// brings in time, at its prior. Once the replica is whole, an absent key is one without a row, and where the
// initializer is a constant its value is known here and is no fall-back.

import type { TableDefinition } from '@weir/model';
import type { PackedKeys } from '@weir/proto';
import type { RowsVersion } from '@weir/proto/v1/common';
import type { Table, TableCursor } from '@weir/sdk';
import { PULL_TIMEOUT_MS } from './limits.ts';
import type { Replica } from './replica.ts';
import type { TracedRows } from './traced-rows.ts';

export interface Rows {
  /** keys x dim, parallel to the keys asked for. */
  readonly weights: Float32Array;
  readonly pulled: number;
  readonly prior: number;
  /** How new the replica's part of them is, shard by shard. */
  readonly versions: readonly RowsVersion[];
}

export interface RowSourceOptions {
  readonly table: Table;
  readonly definition: TableDefinition;
  readonly replica: Replica;
  /** What is known of the replica's rows. */
  readonly traced: TracedRows;
  readonly onPullFailed: (error: unknown) => void;
}

export class RowSource {
  readonly #options: RowSourceOptions;
  /** What a row without updates holds, where it is the same for every key. */
  readonly #prior: number | undefined;
  #versions: readonly RowsVersion[] = [];

  constructor(options: RowSourceOptions) {
    this.#options = options;
    const { initializer } = options.definition;
    if (initializer.kind === 'zero') this.#prior = 0;
    if (initializer.kind === 'constant') this.#prior = initializer.value;
  }

  get replica(): Replica {
    return this.#options.replica;
  }

  /** How new the replica is. */
  get versions(): readonly RowsVersion[] {
    return this.#versions;
  }

  /** The replica has every change up to this. */
  reached({ shards }: TableCursor): void {
    const table = this.#options.definition.name;
    this.#versions = Object.entries(shards).map(([shard, { logIncarnation, seq }]) => ({
      table,
      shard,
      logIncarnation,
      seq,
    }));
  }

  get traced(): TracedRows {
    return this.#options.traced;
  }

  /** Undefined when a pull is needed; so that an answer from the replica alone never leaves its turn. */
  local(keys: PackedKeys): Rows | undefined {
    const { replica } = this.#options;
    const weights = this.priorRows(keys);
    const absent = replica.gather(keys, weights);
    if (absent !== undefined && !(replica.whole && this.#prior !== undefined)) return undefined;
    return { weights, pulled: 0, prior: 0, versions: this.#versions };
  }

  /** Never throws for a shard that does not answer: its rows stay at their prior and are counted. */
  async complete(keys: PackedKeys): Promise<Rows> {
    const { table, replica, onPullFailed } = this.#options;
    const dim = replica.dim;
    const weights = this.priorRows(keys);
    const versions = this.#versions;
    const absent = replica.gather(keys, weights) ?? [];
    const wanted = new Uint32Array(absent.length * 2);
    absent.forEach((key, i) => {
      wanted[2 * i] = keys[2 * key]!;
      wanted[2 * i + 1] = keys[2 * key + 1]!;
    });
    try {
      const pulled = await table.pull(wanted, { timeoutMs: PULL_TIMEOUT_MS });
      absent.forEach((key, i) => {
        weights.set(pulled.subarray(i * dim, (i + 1) * dim), key * dim);
      });
      return { weights, pulled: absent.length, prior: 0, versions };
    } catch (error) {
      onPullFailed(error);
      return { weights, pulled: 0, prior: absent.length, versions };
    }
  }

  /** What keys without rows hold, keys x dim; zeros where the initializer differs by key. */
  priorRows(keys: PackedKeys): Float32Array {
    const weights = new Float32Array((keys.length >>> 1) * this.#options.replica.dim);
    return this.#prior === undefined || this.#prior === 0 ? weights : weights.fill(this.#prior);
  }
}
