import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEQ_CLOCK_ENTRIES_MAX } from './limits.ts';
import { seal } from './sealed.ts';
import { SeqClock } from './seq-clock.ts';

describe('the times of positions', () => {
  it('are exact while they are few, and before the first one unknown', () => {
    const record = fc.record({ seq: fc.integer({ min: 1, max: 3 }), ms: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 200 }), fc.nat(1_000), (steps, at) => {
        const clock = new SeqClock();
        let seq = 0;
        let ms = 1;
        let expected = 0;
        for (const step of steps) {
          seq += step.seq;
          ms += step.ms;
          clock.add(seq, ms);
          if (ms <= at) expected = seq;
        }
        expect(clock.seqAt(at)).toBe(expected);
        expect(clock.highestMs).toBe(steps.length === 0 ? 0 : ms);
        expect(SeqClock.decode(clock.encode()).seqAt(at)).toBe(expected);
      }),
    );
  });

  it('thin out with age: never too late a position, and known to 1/64 of their age', () => {
    const clock = new SeqClock();
    const hourMs = 3_600_000;
    // Position n is at n seconds; 40 days of them.
    const last = 40 * 24 * 3_600;
    for (let seq = 1; seq <= last; seq++) clock.add(seq, seq * 1_000);
    expect(clock.encode().length).toBeLessThan(16 * SEQ_CLOCK_ENTRIES_MAX + 100);
    for (const agoMs of [0, 5_000, 60_000, hourMs, 24 * hourMs, 30 * 24 * hourMs]) {
      const found = clock.seqAt(last * 1_000 - agoMs) * 1_000;
      expect(found).toBeLessThanOrEqual(last * 1_000 - agoMs);
      expect(found).toBeGreaterThanOrEqual(last * 1_000 - agoMs - Math.max(agoMs / 60, 0));
    }
  });

  it('take no step back, and are CORRUPT when cut short', () => {
    const clock = new SeqClock();
    clock.add(5, 100);
    clock.add(6, 90);
    clock.add(4, 200);
    expect([clock.seqAt(99), clock.seqAt(100), clock.highestMs]).toEqual([0, 6, 100]);
    const cut = seal(clock.encode().slice(0, -4), 1, 1);
    expect(() => SeqClock.decode(cut)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });
});
