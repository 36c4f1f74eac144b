import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ahead, clickThrough } from './click-through.ts';

describe('click-through', () => {
  // Newcombe 1998, tables I (interval of 81/263 and 15/148) and II (56/70 - 48/80, 9/10 - 3/10, 5/56 - 0/29).
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('has the published interval: %d of %d', (clicks, visits, low, high) => {
    const found = clickThrough({ visits, clicks })!;
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  });

  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [5, 56, 0, 29, -0.0381, 0.1926],
  ])('differs by the published interval: %d of %d, %d of %d', (clicks, visits, others, ofThem, low, high) => {
    const found = ahead({ visits, clicks }, { visits: ofThem, clicks: others })!;
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  });

  it('holds its value, stays between -1 and 1, and turns round with the arms', () => {
    const visits = fc
      .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([count, share]) => ({ visits: count, clicks: Math.floor(count * share) }));
    fc.assert(
      fc.property(visits, visits, (one, other) => {
        const difference = ahead(one, other)!;
        const turned = ahead(other, one)!;
        expect(difference.low).toBeLessThanOrEqual(difference.value);
        expect(difference.high).toBeGreaterThanOrEqual(difference.value);
        expect(difference.low).toBeGreaterThanOrEqual(-1 - 1e-12);
        expect(difference.high).toBeLessThanOrEqual(1 + 1e-12);
        expect(turned.low).toBeCloseTo(-difference.high, 12);
      }),
    );
  });

  it('is unknown without visits', () => {
    const none = { visits: 0, clicks: 0 };
    expect(clickThrough(none)).toBeNull();
    expect(ahead(none, { visits: 1, clicks: 1 })).toBeNull();
  });
});
