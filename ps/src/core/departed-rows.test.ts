import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DepartedRows } from './departed-rows.ts';

const row = fc.record({ key: fc.nat(30), seq: fc.integer({ min: 1, max: 100 }) });

describe('rows that left memory', () => {
  it('are all told that left with a seq above one that is not below the floor', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.nat(20), fc.nat(100), (rows, floor, since) => {
        const departed = new DepartedRows(16, floor);
        for (const { key, seq } of rows) departed.add(key, 7, seq);
        expect(departed.floor).toBeGreaterThanOrEqual(floor);
        if (rows.filter(({ seq }) => seq > floor).length <= 16) expect(departed.floor).toBe(floor);
        const from = Math.max(since, departed.floor);
        const told = departed.since(from);
        for (const { key, seq } of rows) {
          if (seq <= from) continue;
          expect(told.some((word, i) => i % 2 === 0 && word === key && told[i + 1] === 7)).toBe(true);
        }
      }),
    );
  });
});
