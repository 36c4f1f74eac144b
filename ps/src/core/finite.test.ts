import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allFinite } from './finite.ts';

it('finds what is not finite among numbers of all sizes, wherever they begin', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: false })), fc.nat({ max: 3 }), (numbers, skipped) => {
      for (const values of [Float32Array.from(numbers), Float64Array.from(numbers)]) {
        const looked = values.subarray(skipped);
        expect(allFinite(looked)).toBe(looked.every((value) => Number.isFinite(value)));
      }
    }),
  );
});
