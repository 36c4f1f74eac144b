// Keeps this trainer near the others: a window begins at most so many windows ahead of the slowest trainer, counted from the
// acknowledged ones. Who waits for samples, and has for a moment, is not waited for.
import { WeirError } from '@weir/proto';
import type { Pace } from '@weir/sdk';
import { REST_AFTER_MS } from './limits.ts';

export class StalenessGate {
  readonly #windowsMax: number;
  readonly #onBegin: (ahead: number) => void;
  #pace: Pace | undefined;
  #open = 0;
  #resting: NodeJS.Timeout | undefined;

  /** @param onBegin how many windows ahead of the slowest one began. */
  constructor(windowsMax: number, onBegin: (ahead: number) => void) {
    this.#windowsMax = windowsMax;
    this.#onBegin = onBegin;
  }

  /** A place in the group has been taken, in which nothing has begun yet. */
  joined(pace: Pace): void {
    this.#pace = pace;
    this.#open = 0;
  }

  /**
   * @param cut aborts a wait that something else comes before.
   * @returns false when it was cut.
   * @throws WeirError CANCELLED by the signal, FENCED.
   */
  async begin(signal: AbortSignal, cut: AbortSignal): Promise<boolean> {
    clearTimeout(this.#resting);
    const waiting = new AbortController();
    const abort = (): void => waiting.abort();
    const sources = [signal, cut];
    for (const source of sources) source.addEventListener('abort', abort);
    if (sources.some(({ aborted }) => aborted)) abort();
    try {
      this.#onBegin(await this.#pace!.begin(this.#windowsMax, { signal: waiting.signal }));
      this.#open++;
      return true;
    } catch (error) {
      if (WeirError.from(error).code !== 'CANCELLED' || signal.aborted || !cut.aborted) throw error;
      return false;
    } finally {
      for (const source of sources) source.removeEventListener('abort', abort);
    }
  }

  acknowledged(): void {
    if (this.#open === 0) return;
    this.#open--;
    this.#pace?.end();
  }

  /** Windows that were begun and are not acknowledged never will be. */
  givenUp(): void {
    while (this.#open > 0) this.acknowledged();
  }

  waiting(): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#pace?.rest(), REST_AFTER_MS);
    this.#resting.unref();
  }
}
