import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignedPartitions } from './assigned-partitions.ts';

const memberships = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });

describe('assigned partitions', () => {
  it('give every partition to one member, and none more than one above another', () => {
    fc.assert(
      fc.property(memberships, fc.nat({ max: 40 }), (members, partitions) => {
        const shares = members.map((member) => assignedPartitions({ members }, member, partitions));
        const all = shares.flat().sort((a, b) => a - b);
        expect(all).toEqual(Array.from({ length: partitions }, (_, i) => i));
        const counts = shares.map(({ length }) => length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are none for a stranger', () => {
    expect(assignedPartitions({ members: ['a', 'b'] }, 'c', 4)).toEqual([]);
  });
});
