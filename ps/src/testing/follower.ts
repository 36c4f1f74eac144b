// A subscriber's copy of one table, for this package's tests: it follows a shard until it has caught up, keeps its cursor,
// and comes back with it.
import { bytesOf, floatsFromBytes, keysFromBytes, unpackKeys } from '@weir/proto';
import type { Cursor, Delta } from '@weir/proto/v1/parameter_server';
import { subscribe } from '../server/pull/subscribe.ts';
import type { Shard } from '../server/shard.ts';

export class Follower {
  readonly rows = new Map<bigint, Float32Array>();
  cursor: Cursor | undefined;
  snapshots = 0;
  tombstones = 0;

  /** Subscribes, and leaves when it has everything that the table has now. */
  async catchUp(shard: Shard, tableUid: string): Promise<void> {
    const { changedSeq } = shard.tables.get(tableUid)!;
    const { tables, counters, incarnations, id, log } = shard;
    const parts = { tables, counters, incarnations, shard: id, appliedSeq: () => log.appliedSeq };
    const request = { tableUid, slots: new Uint8Array(0), cursor: this.cursor, intervalMs: 1 };
    const abort = new AbortController();
    let whole = this.cursor !== undefined;
    const take = async (delta: Delta): Promise<void> => {
      this.#apply(delta);
      whole = delta.upTo !== undefined;
      if (whole && this.cursor!.seq >= changedSeq) abort.abort();
    };
    const running = subscribe(request, parts, take, abort.signal);
    // A snapshot begins at once; and to a cursor that goes on and misses nothing, nothing comes.
    if (whole && this.cursor!.seq >= changedSeq) abort.abort();
    await running;
  }

  #apply(delta: Delta): void {
    if (delta.snapshotStart) {
      this.rows.clear();
      this.snapshots++;
    }
    const keys = unpackKeys(keysFromBytes(delta.keys));
    const weights = floatsFromBytes(delta.weights);
    const dim = weights.length / Math.max(1, keys.length);
    for (const [i, key] of keys.entries()) this.rows.set(key, weights.slice(i * dim, (i + 1) * dim));
    for (const key of unpackKeys(keysFromBytes(delta.tombstones))) {
      this.rows.delete(key);
      this.tombstones++;
    }
    if (delta.upTo !== undefined) this.cursor = delta.upTo;
  }
}

export function rowBytes(rows: Map<bigint, Float32Array>): Record<string, string> {
  return Object.fromEntries(
    [...rows]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, row]) => [String(key), Buffer.from(bytesOf(row)).toString('hex')]),
  );
}
