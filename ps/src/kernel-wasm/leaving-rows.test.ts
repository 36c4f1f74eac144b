// Rows leave a table's stripes evenly, so that its memory, which never shrinks, follows the number of rows that it keeps.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf, STRIPE_COUNT } from '../kernel/layout.ts';
import { leavingShares } from '../kernel/spill.ts';
import { OPTIMIZERS, testTable } from '../kernel/test-tables.ts';
import { KERNELS } from './test-kernels.ts';

describe('the rows that stripes give', () => {
  it('are as many as asked for, and leave those that give alike, and none below one that does not', () => {
    const stripes = fc.array(fc.nat(200), { minLength: 1, maxLength: STRIPE_COUNT });
    fc.assert(
      fc.property(stripes, fc.nat(1_000), (rows, rowsMax) => {
        const shares = leavingShares(rows, rowsMax);
        const total = rows.reduce((sum, each) => sum + each, 0);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(Math.min(rowsMax, total));
        const givers = rows.flatMap((each, i) => (shares[i]! > 0 ? [each - shares[i]!] : []));
        const others = rows.filter((_, i) => shares[i] === 0);
        const least = Math.min(...givers);
        for (const left of givers) expect(left - least).toBeLessThanOrEqual(1);
        for (const left of others) expect(left - least).toBeLessThanOrEqual(1);
        expect(Math.min(...givers, ...others)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe.each(KERNELS)('the %s kernel under a stream of new keys', (_name, create) => {
  it('takes memory for the rows that it keeps, however many have passed', () => {
    const kept = 16_000;
    const batchRows = 1_000;
    const definition = testTable({ dim: 60, optimizer: OPTIMIZERS.sum, memoryRowsMax: kept });
    const { pageShift } = layoutOf(60, 0);
    const table = create(definition);
    const values = new Float32Array(60 * batchRows);
    for (let batch = 0; batch < 80; batch++) {
      const keys = new Uint32Array(2 * batchRows);
      for (let i = 0; i < batchRows; i++) keys[2 * i] = 1 + batch * batchRows + i;
      table.push(keys, values, batch + 1);
      while (table.rows > kept) table.release(table.imagesOf(table.unused(table.rows - kept)));
    }
    expect(table.rows).toBe(kept);
    const places = table.pageCounts.reduce((sum, pages) => sum + pages, 0) << pageShift;
    // Each stripe may have begun a page; chance makes one fuller than another; and there is the batch before it leaves.
    expect(places).toBeLessThan(kept + 2 * batchRows + (STRIPE_COUNT << pageShift));
  });
});
