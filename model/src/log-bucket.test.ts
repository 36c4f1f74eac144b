import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketBounds, logBucket } from './log-bucket.ts';

describe('logBucket', () => {
  it('has exact edges in base 2', () => {
    const bounds = bucketBounds(2);
    const bucket = (x: number) => logBucket(x, bounds);
    expect([0, 0.99, 1, 2.99, 3, 6.99, 7, 1023].map(bucket)).toEqual([0, 0, 1, 1, 2, 2, 3, 10]);
    expect([-0.5, -1, -7, -1023].map(bucket)).toEqual([0, -1, -3, -10]);
    expect(bucket(Number.MAX_VALUE)).toBe(1023);
  });

  it('never falls as the number rises, and brackets 1 + |x| by powers of the base', () => {
    const base = fc.double({ min: 1.01, max: 10, noNaN: true });
    const number = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(base, number, number, (b, x, y) => {
        const bounds = bucketBounds(b);
        expect(logBucket(Math.min(x, y), bounds)).toBeLessThanOrEqual(logBucket(Math.max(x, y), bounds));
        const bucket = Math.abs(logBucket(x, bounds));
        if (bucket > 0) expect(bounds[bucket - 1]!).toBeLessThanOrEqual(1 + Math.abs(x));
        expect(bounds[bucket]!).toBeGreaterThan(1 + Math.abs(x));
      }),
    );
  });
});
