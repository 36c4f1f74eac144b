import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueSamples } from './due-samples.ts';
import { OpenRecords } from './open-records.ts';

describe('OpenRecords', () => {
  it('acknowledges up to the oldest open record, in whatever order the answers come', () => {
    const open = new OpenRecords();
    const records = [10, 20, 20, 30].map((timeMs) => {
      open.read(timeMs);
      return open.send(timeMs);
    });
    open.read(40);
    records[3]!.done = true;
    records[1]!.done = true;
    expect(open.acknowledgedMs).toBe(10);
    records[0]!.done = true;
    expect(open.acknowledgedMs).toBe(20);
    records[2]!.done = true;
    expect(open.acknowledgedMs).toBe(40);
  });

  it('never promises beyond a record that is still open, and never falls', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(3)), { maxLength: 60 }), (steps) => {
        const open = new OpenRecords();
        const sent: ReturnType<OpenRecords['send']>[] = [];
        let time = 0;
        let promised = Number.NEGATIVE_INFINITY;
        for (const [step, which] of steps) {
          time += step;
          open.read(time);
          sent.push(open.send(time));
          const chosen = sent.filter(({ done }) => !done)[which];
          if (chosen !== undefined) chosen.done = true;
          const now = open.acknowledgedMs;
          expect(now).toBeGreaterThanOrEqual(promised);
          promised = now;
          for (const record of sent) if (!record.done) expect(record.timeMs).toBeGreaterThanOrEqual(now);
        }
      }),
    );
  });
});

describe('DueSamples', () => {
  it('counts samples whose window progress has closed and nobody has trained', () => {
    const due = new DueSamples(100);
    due.asked(0, 5);
    due.asked(10, 7);
    expect(due.samples).toBe(0);
    // Strictly below: what becomes known at 100 leaves when progress is beyond it.
    due.progressed(100);
    expect(due.samples).toBe(0);
    due.progressed(111);
    expect([due.samples, due.requests]).toEqual([12, 2]);
    due.trained(110);
    expect([due.samples, due.requests]).toEqual([7, 1]);
    due.trained(1e15);
    expect(due.samples).toBe(0);
  });
});
