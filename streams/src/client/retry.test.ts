import { WeirError } from '@weir/proto';
import { describe, expect, it } from 'vitest';
import { RETRY_FIRST_MS, RETRY_LAST_MS } from '../limits.ts';
import { isWorthRepeating, retryDelayMs, withRetries } from './retry.ts';

const scope = (timeoutMs: number, signal = new AbortController().signal) => ({
  what: 'append to stream "s", partition 0',
  deadlineMs: performance.now() + timeoutMs,
  signal,
});

describe('retry', () => {
  it('repeats what another time can mend, and what only the transport said', () => {
    const cause = new Error('connection reset');
    expect(isWorthRepeating(new WeirError('UNAVAILABLE', ''))).toBe(true);
    expect(isWorthRepeating(new WeirError('OVERLOADED', ''))).toBe(true);
    expect(isWorthRepeating(new WeirError('INTERNAL', '', { cause }))).toBe(true);
    expect(isWorthRepeating(new WeirError('INTERNAL', ''))).toBe(false);
    expect(isWorthRepeating(new WeirError('FENCED', ''))).toBe(false);
    expect(isWorthRepeating(new WeirError('DEADLINE_EXCEEDED', '', { cause }))).toBe(false);
  });

  it('waits longer each time, up to a bound, and never less than the server says', () => {
    const delays = [0, 1, 2, 50].map((attempt) => retryDelayMs(attempt, undefined, 0));
    expect(delays).toEqual([RETRY_FIRST_MS, 2 * RETRY_FIRST_MS, 4 * RETRY_FIRST_MS, RETRY_LAST_MS]);
    expect(retryDelayMs(0, undefined, 1)).toBe(RETRY_FIRST_MS / 2);
    expect(retryDelayMs(0, 700, 0.5)).toBe(700);
  });

  it('has one deadline over all attempts, and keeps the last failure as the cause', async () => {
    let attempts = 0;
    const failing = withRetries(scope(100), async () => {
      attempts += 1;
      throw new WeirError('UNAVAILABLE', 'nobody there');
    });
    await expect(failing).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('last: nobody there'),
      cause: { code: 'UNAVAILABLE' },
    });
    expect(attempts).toBeGreaterThan(1);
  });

  it('ends with its signal, also while it waits', async () => {
    const stop = new AbortController();
    const failing = withRetries(scope(60_000, stop.signal), async () => {
      stop.abort();
      throw new WeirError('UNAVAILABLE', '', { retryAfterMs: 50_000 });
    });
    await expect(failing).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
