import { describe, expect, it } from 'vitest';
import { StallWatch } from './stall-watch.ts';

describe('StallWatch', () => {
  it('counts from the last change, or from when a change was first expected', () => {
    const watch = new StallWatch();
    expect(watch.stillMs('1', false, 1_000)).toBe(0);
    expect(watch.stillMs('1', false, 9_000)).toBe(0);
    expect(watch.stillMs('1', true, 10_000)).toBe(1_000);
    expect(watch.stillMs('1', true, 12_000)).toBe(3_000);
    expect(watch.stillMs('2', true, 13_000)).toBe(0);
    expect(watch.stillMs('2', true, 14_500)).toBe(1_500);
    expect(watch.stillMs('2', false, 15_000)).toBe(0);
  });
});
