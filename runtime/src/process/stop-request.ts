// When a process must stop: SIGTERM, SIGINT, or its parent's death. One deadline for all of the stop; a second signal
// ends the process at once.
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';

export interface StopRequest {
  /** Aborted as soon as a stop was asked for. */
  readonly signal: AbortSignal;
  /** Resolves then. */
  readonly requested: Promise<void>;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Set by a parent that holds our stdin open for as long as it lives. */
export const PARENT_PIPE = 'WEIR_PARENT_PIPE';

export function awaitStopRequest(log: Logger, timeoutMs: number, env: NodeJS.ProcessEnv): StopRequest {
  const controller = new AbortController();
  // Every open stream may listen; their number is bounded elsewhere.
  setMaxListeners(0, controller.signal);
  const { promise: requested, resolve } = Promise.withResolvers<void>();
  const begin = (reason: string): void => {
    log.info({ reason, timeoutMs }, 'stopping');
    setTimeout(() => {
      log.error({ timeoutMs }, 'the stop took longer than its deadline');
      process.exit(1);
    }, timeoutMs).unref();
    controller.abort();
    resolve();
  };
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        log.warn({ signal: name }, 'asked to stop again: ending at once');
        process.exit(1);
      }
      begin(name);
    });
  }
  if (env[PARENT_PIPE] === '1') {
    const parentGone = (): void => {
      if (!controller.signal.aborted) begin('the parent process ended');
    };
    process.stdin.once('end', parentGone);
    process.stdin.once('error', parentGone);
    process.stdin.resume();
    process.stdin.unref?.();
  }
  return { signal: controller.signal, requested };
}
