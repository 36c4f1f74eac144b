import { describe, expect, it } from 'vitest';
import { keysOf } from '../kernel/test-tables.ts';
import { Tombstones } from './tombstones.ts';

describe('tombstones', () => {
  it('are given out by position, and forgotten from the oldest on when they are too many', () => {
    const tombstones = new Tombstones(2 * (64 + 16));
    tombstones.add(3, keysOf(1, 2));
    tombstones.add(5, keysOf());
    tombstones.add(7, keysOf(3, 4));
    const seqs = (after: number, upTo: number) => tombstones.between(after, upTo).map(({ seq }) => seq);
    expect([seqs(0, 9), seqs(3, 9), seqs(0, 6)]).toEqual([[3, 7], [7], [3]]);
    expect(tombstones).toMatchObject({ floor: 0, lastSeq: 7 });
    tombstones.add(8, keysOf(5));
    expect(tombstones).toMatchObject({ floor: 3, lastSeq: 8 });
    expect(seqs(3, 9)).toEqual([7, 8]);
    tombstones.add(9, keysOf(...Array.from({ length: 100 }, (_, i) => i)));
    expect(tombstones).toMatchObject({ floor: 9, lastSeq: 9, bytes: 0 });
    expect(() => tombstones.add(9, keysOf(1))).toThrow('come after');
  });
});
