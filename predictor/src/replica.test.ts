import { packKeys } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Replica, type ReplicaDelta } from './replica.ts';

const DIM = 2;
/** The first of a snapshot's messages, and not the last. */
const SNAPSHOT_START = { snapshotStart: true, upTo: undefined };
const SHARDS = ['a', 'b'];
/** Keys of a shard: even ones belong to `a`, odd ones to `b`. */
const shardOf = (key: bigint): string => SHARDS[Number(key % 2n)]!;

function delta(
  shard: string,
  rows: ReadonlyMap<bigint, number>,
  more: Partial<ReplicaDelta> = {},
): ReplicaDelta {
  const keys = BigUint64Array.from(rows.keys());
  const weights = Float32Array.from([...rows.values()].flatMap((value) => [value, -value]));
  const none = new Uint32Array(0);
  return {
    shard,
    packedKeys: packKeys(keys),
    weights,
    packedTombstones: none,
    snapshotStart: false,
    upTo: {},
    ...more,
  };
}

const read = (replica: Replica, key: bigint): number | undefined => {
  const out = new Float32Array(DIM);
  return replica.gather(packKeys(BigUint64Array.of(key)), out) === undefined ? out[0] : undefined;
};

describe('Replica', () => {
  it('serves the old rows while a snapshot arrives, and only the new ones after it', () => {
    const replica = new Replica(DIM, SHARDS);
    replica.apply(
      delta(
        'a',
        new Map([
          [2n, 1],
          [4n, 1],
        ]),
        SNAPSHOT_START,
      ),
    );
    expect(replica.whole).toBe(false);
    replica.apply(delta('a', new Map()));
    replica.apply(delta('a', new Map([[2n, 5]]), SNAPSHOT_START));
    expect([read(replica, 2n), read(replica, 4n)]).toEqual([5, 1]);
    replica.apply(delta('a', new Map()));
    expect([read(replica, 2n), read(replica, 4n)]).toEqual([5, undefined]);
  });

  it('is whole once every shard has sent a snapshot', () => {
    const replica = new Replica(DIM, SHARDS);
    for (const shard of SHARDS) {
      expect(replica.whole).toBe(false);
      replica.apply(delta(shard, new Map(), SNAPSHOT_START));
      replica.apply(delta(shard, new Map()));
    }
    expect(replica.whole).toBe(true);
  });

  it('refuses a delta of a shard that it does not know', () => {
    expect(() => new Replica(DIM, SHARDS).apply(delta('c', new Map()))).toThrow(/shard c/);
  });

  it('equals a map that is replaced by snapshots, changed by deltas and thinned by tombstones', () => {
    const key = fc.bigInt({ min: 0n, max: 40n });
    const step = fc.record({
      kind: fc.constantFrom('delta', 'snapshot', 'tombstones'),
      shard: fc.constantFrom(...SHARDS),
      rows: fc.array(fc.tuple(key, fc.integer({ min: 1, max: 99 })), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const replica = new Replica(DIM, SHARDS);
        const reference = new Map<bigint, number>();
        for (const { kind, shard, rows } of steps) {
          const own = new Map(rows.filter(([k]) => shardOf(k) === shard));
          if (kind === 'tombstones') {
            const gone = packKeys(BigUint64Array.from(own.keys()));
            replica.apply(delta(shard, new Map(), { packedTombstones: gone }));
            for (const k of own.keys()) reference.delete(k);
            continue;
          }
          if (kind === 'snapshot') {
            for (const k of [...reference.keys()]) if (shardOf(k) === shard) reference.delete(k);
            replica.apply(delta(shard, own, SNAPSHOT_START));
            replica.apply(delta(shard, new Map()));
          } else replica.apply(delta(shard, own));
          for (const [k, value] of own) reference.set(k, value);
        }
        const frozen = replica.freeze();
        replica.apply(delta('a', new Map([[0n, 100]])));
        for (let k = 0n; k <= 40n; k++) expect(read(frozen, k)).toBe(reference.get(k));
      }),
    );
  });

  it('takes no more room than for twice the rows present, however many rows come and go', () => {
    const replica = new Replica(DIM, SHARDS);
    const keysOf = (first: number) => Array.from({ length: 1_000 }, (_, i) => 2n * BigInt(first + i));
    for (let round = 0; round < 50; round++) {
      const rows = new Map(keysOf(round * 1_000).map((key) => [key, round + 1]));
      replica.apply(delta('a', rows, { snapshotStart: round === 0 || round === 40 }));
      const gone = packKeys(BigUint64Array.from(keysOf((round - 2) * 1_000)));
      if (round >= 2) replica.apply(delta('a', new Map(), { packedTombstones: gone }));
      expect(replica.rows).toBeLessThanOrEqual(6_000);
    }
    for (const round of [48, 49])
      for (const key of keysOf(round * 1_000)) expect(read(replica, key)).toBe(round + 1);
    for (const key of keysOf(47_000)) expect(read(replica, key)).toBeUndefined();
  });
});
