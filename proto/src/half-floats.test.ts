import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computedFloats, computedHalves, fromHalves, toHalves } from './half-floats.ts';

const EVERY_HALF = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

describe('halves without Float16Array', () => {
  it('are the numbers that Float16Array reads, all of them', () => {
    expect(computedFloats(EVERY_HALF)).toEqual(fromHalves(EVERY_HALF));
  });

  it('are the bits that Float16Array writes, between two halves and halfway too', () => {
    const halves = [...fromHalves(EVERY_HALF)].filter(Number.isFinite).sort((a, b) => a - b);
    const around = halves.flatMap((value, i) => {
      const middle = (value + (halves[i + 1] ?? value)) / 2;
      return [value, middle, middle + Math.abs(middle) * 2 ** -23, middle - Math.abs(middle) * 2 ** -23];
    });
    const special = [65_504, 65_519.996, 65_520, 1e30, 1e-30, Number.POSITIVE_INFINITY, Number.NaN];
    const values = Float32Array.from([...around, ...special, ...special.map((value) => -value)]);
    expect(fromHalves(computedHalves(values))).toEqual(fromHalves(toHalves(values)));
  });

  it('are the same for any float', () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 50 }), (values) => {
        expect(fromHalves(computedHalves(values))).toEqual(fromHalves(toHalves(values)));
      }),
    );
  });
});
