// Goes on through the restart of a shard or of the streams server: the clients retry until their deadline, this
// retries beyond it, until it works or the caller stops.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import { OutcomeUnknownError, type PushResult } from '@weir/sdk';
import { RETRY_DELAY_MS } from './limits.ts';

export type OnRetry = (what: string, error: WeirError) => void;

/** @throws whatever cannot be helped by waiting; CANCELLED once the signal is aborted. */
export async function persist<T>(
  what: string,
  call: () => Promise<T>,
  onRetry: OnRetry,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await call();
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (!error.retryable || signal?.aborted) throw error;
      onRetry(what, error);
      await sleep(RETRY_DELAY_MS, undefined, signal && { signal });
    }
  }
}

/**
 * A push until it is settled: once part of it may be applied, it goes on under the same numbers.
 * @throws also what it ended with when the signal aborts: it may be applied or not.
 */
export function persistPush(
  push: () => Promise<PushResult>,
  onRetry: OnRetry,
  signal?: AbortSignal,
): Promise<PushResult> {
  let next = push;
  const attempt = async () => {
    try {
      return await next();
    } catch (error) {
      if (error instanceof OutcomeUnknownError) next = () => error.retry({ signal });
      throw error;
    }
  };
  return persist('push', attempt, onRetry, signal);
}
