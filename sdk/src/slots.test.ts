import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slots } from './slots.ts';

describe('slots', () => {
  it('hold what was added and not removed, each at a number that no other has', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(20)), { maxLength: 200 }), (steps) => {
        const slots = new Slots<string>();
        const model = new Map<number, string>();
        steps.forEach((remove, step) => {
          if (remove === null) {
            const slot = slots.add(`value ${step}`);
            expect(model.has(slot)).toBe(false);
            model.set(slot, `value ${step}`);
          } else {
            slots.remove(remove);
            model.delete(remove);
          }
          expect(slots.size).toBe(model.size);
        });
        for (const [slot, value] of model) expect(slots.get(slot)).toBe(value);
        expect(slots.values().sort()).toEqual([...model.values()].sort());
        slots.clear();
        expect(slots.size).toBe(0);
        expect(slots.add('again')).toBe(0);
      }),
    );
  });
});
