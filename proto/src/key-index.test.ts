import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyIndex } from './key-index.ts';

/** Few distinct words, so that keys repeat and share one of their words. */
const word = fc.oneof(fc.nat(20), fc.integer({ min: 0xffff_fff0, max: 0xffff_ffff }));
const steps = fc.array(
  fc.record({ kind: fc.constantFrom('insert', 'insert', 'insert', 'find', 'clear'), low: word, high: word }),
  { maxLength: 400, size: 'max' },
);

describe('KeyIndex', () => {
  it('agrees with a Map under any insertions, look-ups and clears', () => {
    fc.assert(
      fc.property(steps, fc.nat(100), (all, capacity) => {
        const index = new KeyIndex(capacity);
        const model = new Map<string, number>();
        for (const { kind, low, high } of all) {
          const key = `${low},${high}`;
          if (kind === 'clear' && low % 8 === 0) {
            index.clear();
            model.clear();
          } else if (kind === 'insert') {
            if (!model.has(key)) model.set(key, model.size);
            expect(index.insert(low, high)).toBe(model.get(key));
          } else {
            expect(index.find(low, high)).toBe(model.get(key) ?? -1);
          }
          expect(index.size).toBe(model.size);
        }
        const keys = [...model.keys()].flatMap((key) => key.split(',').map(Number));
        expect([...index.keys]).toEqual(keys);
      }),
    );
  });

  it('grows far beyond its first capacity and keeps every number', () => {
    const index = new KeyIndex(1);
    for (let i = 0; i < 20_000; i++) expect(index.insert(i, i * 7)).toBe(i);
    for (let i = 0; i < 20_000; i++) expect(index.find(i, i * 7)).toBe(i);
    expect(index.find(3, 5)).toBe(-1);
    expect(index.bytes).toBeLessThan(20_000 * 64);
  });
});
