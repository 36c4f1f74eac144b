// A table's rows as a subscriber sees them, kept in the plainest way; tests only.
import type { TableDelta } from '../table-delta.ts';

export class MapReplica {
  readonly #shards = new Map<
    string,
    { rows: Map<bigint, Float32Array>; coming: Map<bigint, Float32Array> | undefined }
  >();
  readonly seqs = new Map<string, number>();
  snapshots = 0;
  deltas = 0;

  apply(delta: TableDelta): void {
    const shard = this.#shards.get(delta.shard) ?? { rows: new Map(), coming: undefined };
    this.#shards.set(delta.shard, shard);
    if (delta.snapshotStart) {
      shard.coming = new Map();
      this.snapshots++;
    }
    if (!delta.snapshot) this.deltas++;
    const rows = shard.coming ?? shard.rows;
    const dim = delta.weights.length / Math.max(1, delta.keys.length);
    for (const [i, key] of delta.keys.entries()) rows.set(key, delta.weights.slice(i * dim, (i + 1) * dim));
    for (const key of delta.tombstones) rows.delete(key);
    if (delta.upTo === undefined) return;
    shard.rows = rows;
    shard.coming = undefined;
    this.seqs.set(delta.shard, delta.upTo.seq);
  }

  /** Whether it has everything up to these positions. */
  has(acks: Iterable<{ shard: string; seq: number }>): boolean {
    return [...acks].every(({ shard, seq }) => (this.seqs.get(shard) ?? -1) >= seq);
  }

  get(key: bigint): Float32Array | undefined {
    for (const { rows } of this.#shards.values()) {
      const row = rows.get(key);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  get size(): number {
    return [...this.#shards.values()].reduce((sum, { rows }) => sum + rows.size, 0);
  }
}
