import { describe, expect, it } from 'vitest';
import { partitionOf } from './partition-of.ts';

describe('partition of a serving id', () => {
  it('is fixed: other processes and versions must find the same', () => {
    expect(['', 'a', 'request-1', 'request-2', 'ünï'].map((id) => partitionOf(id, 8))).toMatchInlineSnapshot(`
      [
        1,
        3,
        6,
        6,
        1,
      ]
    `);
  });

  it('spreads ids evenly', () => {
    const counts = [0, 0, 0, 0];
    for (let id = 0; id < 4_000; id++) counts[partitionOf(`request ${id}`, 4)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  });
});
