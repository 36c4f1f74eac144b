import { ERROR_CODES, type ErrorCode, WeirError } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN } from './limits.ts';
import { decide, delay } from './retry.ts';

describe('decide', () => {
  it('waits for what passes by itself, reroutes what another shard owns, and fails for the rest', () => {
    const decisions = Object.fromEntries(
      (Object.keys(ERROR_CODES) as ErrorCode[]).map((code) => [code, decide(new WeirError(code, 'x'))]),
    );
    const waiting = ['UNAVAILABLE', 'OVERLOADED', 'STORAGE_FAILED'];
    for (const [code, decision] of Object.entries(decisions)) {
      const expected = code === 'NOT_OWNER' ? 'reroute' : waiting.includes(code) ? 'wait' : 'fail';
      expect([code, decision]).toEqual([code, expected]);
    }
  });

  it('tries a bare transport failure again but not a defect that the shard reports itself', () => {
    expect(decide(new WeirError('INTERNAL', 'RST_STREAM', { cause: new Error('reset') }))).toBe('wait');
    expect(decide(new WeirError('INTERNAL', 'a defect'))).toBe('fail');
  });
});

describe('delay', () => {
  it('doubles up to its longest, loses at most half by chance, and is never below the hint', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, hintMs, random) => {
          const ceiling = Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** (attempt - 1));
          const waitMs = delay(attempt, hintMs, random);
          expect(waitMs).toBeGreaterThanOrEqual(Math.max(ceiling / 2, hintMs ?? 0));
          expect(waitMs).toBeLessThanOrEqual(Math.max(ceiling, hintMs ?? 0));
        },
      ),
    );
  });
});
