// When to try again, as two pure functions, and the loop that asks them under one deadline.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import { RETRY_FIRST_MS, RETRY_LAST_MS } from '../limits.ts';

/**
 * Whether the same call can succeed later. Errors with the server's own detail are taken at their word; a bare
 * transport failure (a reset connection) says nothing about the request. DEADLINE_EXCEEDED is the caller's own end.
 */
export function isWorthRepeating(error: WeirError): boolean {
  if (error.code === 'INTERNAL' || error.code === 'CANCELLED') return error.cause !== undefined;
  return error.code === 'UNAVAILABLE' || error.code === 'OVERLOADED' || error.code === 'STORAGE_FAILED';
}

/** Wait after the attempt with this number (from 0), ms: doubles, less up to half by chance, not below the hint. */
export function retryDelayMs(attempt: number, hintMs: number | undefined, random: number): number {
  const ceiling = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.max(hintMs ?? 0, ceiling * (1 - random / 2));
}

export interface RetryScope {
  /** For messages: what is tried, and where. */
  readonly what: string;
  /** `performance.now()` at which it is over. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Tries until it works, fails for good, or the scope ends; the last failure is then the error's cause. */
export async function withRetries<T>(scope: RetryScope, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    if (scope.signal.aborted) throw new WeirError('CANCELLED', `${scope.what}: the call was aborted`);
    try {
      return await attempt();
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (scope.signal.aborted) {
        throw new WeirError('CANCELLED', `${scope.what}: the call was aborted`, { cause: error });
      }
      if (!isWorthRepeating(error)) throw error;
      const waitMs = retryDelayMs(tries, error.retryAfterMs, Math.random());
      if (performance.now() + waitMs >= scope.deadlineMs) {
        throw new WeirError(
          'DEADLINE_EXCEEDED',
          `${scope.what}: no success in time; last: ${error.message}`,
          {
            cause: error,
          },
        );
      }
      await sleep(waitMs, undefined, { signal: scope.signal }).catch(() => undefined);
    }
  }
}
