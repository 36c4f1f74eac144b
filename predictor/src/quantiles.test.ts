import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationQuantiles } from './quantiles.ts';

describe('DurationQuantiles', () => {
  it('has no quantile before the first duration', () => {
    expect(new DurationQuantiles().quantile(0.5)).toBeNull();
  });

  it('is within 2.5 % of the exact quantile', () => {
    const durations = fc.array(fc.double({ min: 0.02, max: 1e7, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, q) => {
        const quantiles = new DurationQuantiles();
        for (const value of values) quantiles.add(value);
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length - 1e-9) - 1]!;
        const found = quantiles.quantile(q)!;
        expect(Math.abs(found / exact - 1)).toBeLessThan(0.025);
      }),
    );
  });
});
