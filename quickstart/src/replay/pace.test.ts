import { describe, expect, it } from 'vitest';
import { Pacer } from './pace.ts';

describe('Pacer', () => {
  it('never waits at full speed', () => {
    const pacer = new Pacer({ kind: 'max' });
    pacer.waitMs(0, 0, true);
    expect(pacer.waitMs(0, 1e12, true)).toBe(0);
  });

  it('compresses event time by its factor, from the first record on', () => {
    const pacer = new Pacer({ kind: 'times', factor: 10 });
    expect(pacer.waitMs(500, 1_000_000, true)).toBe(0);
    expect(pacer.waitMs(500, 1_001_000, false)).toBe(100);
    expect(pacer.waitMs(700, 1_001_000, true)).toBe(-100);
  });

  it('keeps a rate of requests, whatever their times; events go along', () => {
    const pacer = new Pacer({ kind: 'rate', requestsPerSecond: 100 });
    expect(pacer.waitMs(0, 0, true)).toBe(0);
    expect(pacer.waitMs(0, 1e12, false)).toBe(0);
    expect(pacer.waitMs(0, 2e12, true)).toBe(10);
    expect(pacer.waitMs(4, 2e12, true)).toBe(16);
  });
});
