// Repeats a call until it is answered: a service that was killed comes back, and nothing may be lost meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { ERROR_CODES, type ErrorCode, WeirError } from '@weir/proto';
import { RECORD_TIMEOUT_MS, RETRY_PAUSE_MAX_MS, RETRY_PAUSE_MS } from '../limits.ts';

/** A connection that breaks in mid-call may show as any of these, whatever they mean otherwise. */
const BROKEN_CONNECTION: ReadonlySet<ErrorCode> = new Set(['CANCELLED', 'INTERNAL']);

/**
 * The call's answer; it may have been made several times.
 * @throws the last WeirError, when it is final or RECORD_TIMEOUT_MS is over; CANCELLED when the signal is aborted.
 */
export async function untilAcknowledged<Answer>(
  call: () => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  const deadline = performance.now() + RECORD_TIMEOUT_MS;
  let pauseMs = RETRY_PAUSE_MS;
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (signal.aborted) throw new WeirError('CANCELLED', 'the replay was stopped');
      const final = !ERROR_CODES[error.code].retryable && !BROKEN_CONNECTION.has(error.code);
      if (final || performance.now() > deadline) throw error;
      await sleep(error.retryAfterMs ?? pauseMs, undefined, { signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MAX_MS);
    }
  }
}
