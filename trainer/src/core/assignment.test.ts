import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignPartitions, ownerOf } from './assignment.ts';

const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 });
const partitions = fc.nat({ max: 40 });

describe('assignment', () => {
  it('gives every partition to exactly one member, in shares that differ by at most one', () => {
    fc.assert(
      fc.property(members, partitions, (names, count) => {
        const owned = assignPartitions(names, count);
        const all = [...owned.values()].flat().sort((a, b) => a - b);
        expect(all).toEqual(Array.from({ length: count }, (_, i) => i));
        const shares = [...owned.values()].map((own) => own.length);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
        for (const [member, own] of owned) {
          for (const partition of own) expect(ownerOf(partition, names)).toBe(member);
        }
      }),
    );
  });

  it('is the same in whatever order members are named', () => {
    fc.assert(
      fc.property(members, partitions, (names, count) => {
        expect(assignPartitions(names.toReversed(), count)).toEqual(assignPartitions(names, count));
      }),
    );
  });
});
