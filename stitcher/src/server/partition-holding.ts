// One partition for as long as it is this member's: taken over, run, given up. It ends when it is asked to, when a newer
// generation has the partition (FENCED), or by an error.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import { TAKEOVER_RETRY_MS } from './limits.ts';
import { type PartitionOptions, type TakenOver, takeOver } from './open-partition.ts';
import type { PartitionRunner } from './partition-runner.ts';

export interface HoldingOptions extends Omit<PartitionOptions, 'ending'> {
  /** Under which every member works. */
  readonly settings: string;
  readonly warn: (error: unknown, message: string) => void;
  readonly onTakenOver: (partition: number, taken: TakenOver, tookMs: number) => void;
}

export type HoldingEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'fenced' | 'failed'; readonly error: WeirError };

export class PartitionHolding {
  readonly generation: number;
  /** Resolves when nothing of it runs any more, also no write to the local store. */
  readonly ended: Promise<HoldingEnd>;
  readonly #options: HoldingOptions;
  readonly #ending = new AbortController();
  #runner: PartitionRunner | undefined;
  #isStopping = false;

  /** @param after the end of the holding of the same partition before this one */
  constructor(options: HoldingOptions, after: Promise<unknown>) {
    this.generation = options.generation;
    this.#options = options;
    this.ended = after.then(() => this.#hold());
  }

  /** Undefined until it is taken over. */
  get runner(): PartitionRunner | undefined {
    return this.#runner;
  }

  /** Finishes the running step and appends what it gave, as far as that goes in a short time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#runner === undefined) this.#ending.abort();
    await this.#runner?.stop();
    await this.ended;
  }

  async #hold(): Promise<HoldingEnd> {
    try {
      const runner = await this.#takeOver();
      if (runner === undefined) return { kind: 'stopped' };
      this.#runner = runner;
      if (this.#isStopping) return { kind: 'stopped' };
      try {
        await runner.run();
      } finally {
        await runner.stop();
      }
      return { kind: 'stopped' };
    } catch (thrown) {
      if (this.#isStopping) return { kind: 'stopped' };
      const error = WeirError.from(thrown);
      return { kind: error.code === 'FENCED' ? 'fenced' : 'failed', error };
    }
  }

  /** As often as it takes while the streams are away; undefined when it was stopped before. */
  async #takeOver(): Promise<PartitionRunner | undefined> {
    const { signal } = this.#ending;
    const { settings, warn, onTakenOver, join } = this.#options;
    while (!this.#isStopping) {
      const begunMs = performance.now();
      try {
        const taken = await takeOver({ ...this.#options, ending: this.#ending }, settings, warn);
        onTakenOver(join.partition, taken, performance.now() - begunMs);
        return taken.runner;
      } catch (thrown) {
        const error = WeirError.from(thrown);
        if (this.#isStopping) return undefined;
        if (!error.retryable) throw error;
        warn(error, `partition ${join.partition} cannot be taken over yet`);
        await sleep(TAKEOVER_RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    return undefined;
  }
}
