import { type PackedKeys, slotOf } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composePositions, gatherRows, type Slice, scatterRows, slice } from './slice.ts';

const placesOf = ({ keys, positions }: Slice): Uint32Array =>
  positions ?? Uint32Array.from({ length: keys.length / 2 }, (_, i) => i);

const keysArbitrary = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 3 })), {
    maxLength: 200,
  })
  .map((pairs): PackedKeys => Uint32Array.from(pairs.flat()));

const routingArbitrary = fc.integer({ min: 1, max: 7 }).chain((shards) =>
  fc.array(fc.integer({ min: 0, max: shards - 1 }), { minLength: 1024, maxLength: 1024 }).map((owners) => ({
    shards: Array.from({ length: shards }, (_, i) => ({ id: `shard-${i}`, address: `h:${i}` })),
    slots: Uint16Array.from(owners),
  })),
);

describe('slice', () => {
  it('puts every position into exactly one slice, that of its owner, with its key, in order', () => {
    fc.assert(
      fc.property(keysArbitrary, routingArbitrary, (keys, routing) => {
        const slices = slice(keys, routing);
        const seen: number[] = [];
        for (const part of slices) {
          const positions = placesOf(part);
          expect(part.keys.length).toBe(positions.length * 2);
          positions.forEach((position, i) => {
            const low = keys[2 * position]!;
            const high = keys[2 * position + 1]!;
            expect([part.keys[2 * i], part.keys[2 * i + 1]]).toEqual([low, high]);
            expect(routing.slots[slotOf(low, high)]).toBe(part.shard);
            if (i > 0) expect(position).toBeGreaterThan(positions[i - 1]!);
            seen.push(position);
          });
        }
        expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: keys.length / 2 }, (_, i) => i));
        expect(slices.every((part) => part.keys.length > 0)).toBe(true);
        const shards = slices.map((part) => part.shard);
        expect(shards).toEqual([...new Set(shards)].sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  it('is what a list for each shard would be', () => {
    const shapes = fc.constantFrom([1, 0], [1, 5_000], [2, 0], [2, 1], [1_024, 1], [1_024, 20_000]);
    fc.assert(
      fc.property(shapes, fc.integer(), fc.boolean(), ([shards, count], seed, skewed) => {
        const keys = Uint32Array.from({ length: 2 * count! }, (_, i) => Math.imul(i + seed, 0x9e3779b1));
        const owner = (slot: number): number => (skewed ? shards! - 1 : (slot * 7) % shards!);
        const routing = {
          shards: Array.from({ length: shards! }, (_, i) => ({ id: `${i}`, address: '' })),
          slots: Uint16Array.from({ length: 1024 }, (_, slot) => owner(slot)),
        };
        const lists = new Map<number, number[]>();
        for (let i = 0; i < count!; i++) {
          const shard = owner(slotOf(keys[2 * i]!, keys[2 * i + 1]!));
          if (!lists.has(shard)) lists.set(shard, []);
          lists.get(shard)!.push(i);
        }
        const found = slice(keys, routing);
        expect(found.map(({ shard }) => shard)).toEqual([...lists.keys()].sort((a, b) => a - b));
        for (const part of found) {
          if (shards === 1) expect(part.keys).toBe(keys);
          else expect([...part.positions!]).toEqual(lists.get(part.shard));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('leaves the rows where they were when they are gathered by slice and scattered again', () => {
    fc.assert(
      fc.property(keysArbitrary, routingArbitrary, fc.constantFrom(1, 3, 33), (keys, routing, dim) => {
        const rows = Float32Array.from({ length: (keys.length / 2) * dim }, (_, i) => i);
        const back = new Float32Array(rows.length);
        for (const part of slice(keys, routing)) {
          const positions = placesOf(part);
          const gathered = new Float32Array(positions.length * dim);
          gatherRows(rows, positions, dim, gathered);
          scatterRows(gathered, positions, dim, back);
        }
        expect(back).toEqual(rows);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the original positions when a slice is sliced again', () => {
    fc.assert(
      fc.property(keysArbitrary, routingArbitrary, routingArbitrary, (keys, before, after) => {
        for (const outer of slice(keys, before)) {
          for (const inner of slice(outer.keys, after)) {
            composePositions(placesOf(inner), outer.positions).forEach((position, i) => {
              expect(keys[2 * position]).toBe(inner.keys[2 * i]);
              expect(keys[2 * position + 1]).toBe(inner.keys[2 * i + 1]);
            });
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
