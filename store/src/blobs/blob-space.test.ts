import fc from 'fast-check';
import { expect, it } from 'vitest';
import { worthless } from './blob-space.ts';

const FILE_BYTES = 1_000;

it('names every dead file, and sparse ones until the space is within its bound, for less than is gained', () => {
  const file = fc
    .record({ bytes: fc.integer({ min: 1, max: FILE_BYTES }), share: fc.constantFrom(0, 0.01, 0.3, 0.6, 1) })
    .map(({ bytes, share }) => ({ bytes, live: Math.floor(bytes * share) }));
  fc.assert(
    fc.property(fc.array(file, { maxLength: 40 }), (files) => {
      const sizes = new Map(files.map(({ bytes }, i) => [i, bytes]));
      const live = new Map(files.flatMap((each, i) => (each.live > 0 ? [[i, each.live] as const] : [])));
      const { dead, sparse } = worthless(sizes, live, FILE_BYTES);
      expect(dead).toEqual([...sizes.keys()].filter((i) => !live.has(i)));
      const sum = (of: Iterable<number>) => [...of].reduce((total, number) => total + number, 0);
      const kept = files.filter((_, i) => live.has(i) && !sparse.has(i));
      const moved = sum([...sparse].map((i) => live.get(i)!));
      const needed = sum(live.values());
      expect(sum(kept.map(({ bytes }) => bytes)) + moved).toBeLessThanOrEqual(2 * needed + 2 * FILE_BYTES);
      // Of what the sparse ones take at most half is written anew.
      expect(moved).toBeLessThanOrEqual(sum([...sparse].map((i) => sizes.get(i)!)) / 2);
      if (sum(files.map(({ bytes }) => bytes)) <= 2 * needed) expect(sparse.size).toBe(0);
    }),
  );
});
