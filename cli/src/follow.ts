// What a verb shows live: anew in a terminal until Ctrl+C, once elsewhere.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Result } from './output.ts';

export interface LiveFlags {
  readonly json?: true;
  readonly once?: true;
}

/** In a terminal, unless it is to be once or for a program. */
export function isLive({ json, once }: LiveFlags): boolean {
  return process.stdout.isTTY && json !== true && once !== true;
}

/** Looks and shows until Ctrl+C; what stands on the screen last stays there, with nothing to print after it. */
export async function follow(look: () => Promise<Result>, intervalMs: number): Promise<Result> {
  const interrupted = new AbortController();
  const { signal } = interrupted;
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  // A look may take as long as a shard that does not answer.
  const ended = once(signal, 'abort').then(() => undefined);
  try {
    for (;;) {
      const result = await Promise.race([look(), ended]);
      if (result === undefined) return { json: {}, text: '' };
      process.stdout.write(`${CLEAR}${result.text}\n`);
      await delay(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** To the upper left corner, and nothing below. */
const CLEAR = '\x1b[H\x1b[J';
