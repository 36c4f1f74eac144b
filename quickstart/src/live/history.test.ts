import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HISTORY_POINTS_MAX } from '../limits.ts';
import { History } from './history.ts';

describe('history', () => {
  it('keeps evenly spaced points from the first on, never more than its bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 * HISTORY_POINTS_MAX }), (count) => {
        const history = new History<number>();
        for (let i = 0; i < count; i++) history.add(i);
        const { points } = history;
        const stride = points.length > 1 ? points[1]! - points[0]! : 1;
        expect(points[0]).toBe(0);
        expect(points.length).toBeLessThanOrEqual(HISTORY_POINTS_MAX);
        expect(points).toEqual(points.map((_, index) => index * stride));
        expect(count - points.at(-1)!).toBeLessThanOrEqual(stride);
        if (count > HISTORY_POINTS_MAX) expect(points.length).toBeGreaterThanOrEqual(HISTORY_POINTS_MAX / 2);
      }),
      { numRuns: 50 },
    );
  });
});
