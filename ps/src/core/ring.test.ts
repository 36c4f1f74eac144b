import { SLOT_COUNT } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ringOf } from './ring.ts';

const ids = (minLength: number) =>
  fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,12}$/), { minLength, maxLength: 12 });

/** Slot -> id. */
function ownersOf(shardIds: readonly string[]): string[] {
  return Array.from(ringOf(shardIds), (index) => shardIds[index]!);
}

function countsOf(shards: number): number[] {
  const counts = new Array<number>(shards).fill(0);
  for (const index of ringOf(Array.from({ length: shards }, (_, i) => `shard-${i}`))) counts[index]!++;
  return counts;
}

describe('ringOf', () => {
  it('gives the golden table, which stored folders rely on', () => {
    const slots = ringOf(['shard-0', 'shard-1', 'shard-2']);
    expect(Array.from(slots.subarray(0, 64)).join('')).toBe(
      '1112200000022000100211222222111210102100210220111221101220011121',
    );
    expect(countsOf(3)).toEqual([322, 337, 365]);
    expect(countsOf(5)).toEqual([190, 216, 222, 182, 214]);
  });

  it('moves slots only to a shard that comes, and only from a shard that goes', () => {
    fc.assert(
      fc.property(ids(2), (all) => {
        const [changed, ...others] = all as [string, ...string[]];
        const without = ownersOf(others);
        const within = ownersOf(all);
        for (let slot = 0; slot < SLOT_COUNT; slot++) {
          if (within[slot] !== changed) expect(within[slot]).toBe(without[slot]);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('keeps the slots of unchanged shards at every number of shards', () => {
    for (const shards of [47, 48, 49]) {
      const before = ownersOf(Array.from({ length: shards }, (_, i) => `shard-${i}`));
      const after = ownersOf(Array.from({ length: shards + 1 }, (_, i) => `shard-${i}`));
      const moved = after.filter((id, slot) => id !== before[slot]);
      expect(new Set(moved)).toEqual(new Set([`shard-${shards}`]));
    }
  });

  it('gives a slot to the same shard in whatever order the ids come', () => {
    fc.assert(
      fc.property(
        ids(1).chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          expect(ownersOf(shuffled)).toEqual(ownersOf(all));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('shares the slots about evenly', () => {
    // As 1,024 balls among so many boxes: four standard deviations of a binomial distribution.
    for (const shards of [2, 3, 8, 32]) {
      const fair = SLOT_COUNT / shards;
      const spread = 4 * Math.sqrt(fair * (1 - 1 / shards));
      const counts = countsOf(shards);
      expect(Math.min(...counts)).toBeGreaterThan(fair - spread);
      expect(Math.max(...counts)).toBeLessThan(fair + spread);
    }
  });

  it('refuses an id that comes twice', () => {
    expect(() => ringOf(['a', 'b', 'a'])).toThrow('distinct');
  });
});
