// Repeats a call until it is answered: a service that was killed comes back, and nothing may be lost meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { RECORD_TIMEOUT_MS, RETRY_PAUSE_MAX_MS, RETRY_PAUSE_MS } from '../limits.ts';

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
      const final = isAnswer(thrown) && !error.retryable;
      if (final || performance.now() > deadline) throw error;
      await sleep(error.retryAfterMs ?? pauseMs, undefined, { signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MAX_MS);
    }
  }
}

/**
 * Whether a service said this. A connection that breaks in mid-call may show as any status, CANCELLED and INTERNAL
 * among them, but never with an error detail.
 */
function isAnswer(thrown: unknown): boolean {
  if (thrown instanceof WeirError) return true;
  const metadata = thrown instanceof Error && 'metadata' in thrown ? thrown.metadata : undefined;
  return metadata instanceof Metadata && metadata.get('weir-error-bin').length > 0;
}
