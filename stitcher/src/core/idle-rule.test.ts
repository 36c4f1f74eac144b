import { describe, expect, it } from 'vitest';
import { idleWatermark, type StreamActivity } from './idle-rule.ts';

const stream = (watermarkMs: number, isLive: boolean, isSilent: boolean): StreamActivity => ({
  watermarkMs,
  isLive,
  isSilent,
});

describe('idle rule', () => {
  it('lets a silent stream follow the slowest of those that are not', () => {
    const streams = [stream(50, true, true), stream(200, true, false), stream(100, true, false)];
    expect(idleWatermark(streams, 9_999, 10)).toBe(100);
  });

  it('lets time pass behind the wall clock when all are silent', () => {
    expect(idleWatermark([stream(50, true, true), stream(0, true, true)], 1_000, 10)).toBe(990);
  });

  it('does nothing before the first record: a replay of old times may follow', () => {
    expect(idleWatermark([stream(0, true, true), stream(0, true, true)], 1_000, 10)).toBeUndefined();
  });

  it('never takes a stream with progress records for silent', () => {
    expect(idleWatermark([stream(70, false, true), stream(50, true, true)], 1_000, 10)).toBe(70);
  });
});
