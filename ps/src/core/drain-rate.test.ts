import { describe, expect, it } from 'vitest';
import { DrainRate } from './drain-rate.ts';

describe('DrainRate', () => {
  it('comes to the rate at which bytes leave', () => {
    const rate = new DrainRate();
    for (let ms = 0; ms < 10_000; ms += 10) rate.drained(50_000, ms);
    expect(rate.at(10_000) / 5_000_000).toBeCloseTo(1, 1);
  });

  it('falls while nothing leaves', () => {
    const rate = new DrainRate();
    expect(rate.at(0)).toBe(0);
    rate.drained(1_000_000, 0);
    expect(rate.at(1_000)).toBeLessThan(rate.at(0) / 2);
    expect(rate.at(60_000)).toBeLessThan(1);
  });
});
