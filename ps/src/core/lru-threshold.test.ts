import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lruThreshold } from './lru-threshold.ts';

it('the threshold of all rows leaves none too many above it, and not all victims below', () => {
  const seqs = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(seqs, fc.double({ min: 0.01, max: 1, noNaN: true }), (rows, share) => {
      const victims = Math.max(1, Math.floor(share * rows.length));
      const threshold = lruThreshold(Float64Array.from(rows), victims, rows.length);
      expect(rows.filter((seq) => seq <= threshold).length).toBeGreaterThanOrEqual(victims);
      expect(rows.filter((seq) => seq < threshold).length).toBeLessThan(victims);
    }),
  );
});
