// What goes on beside the partitions: group offsets and the idle rule, each from time to time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamsClient } from '@weir/streams/client';
import { CommittedOffsets } from './committed-offsets.ts';
import { IdleKeeper } from './idle-keeper.ts';
import { IDLE_CHECK_MS, LAST_OFFSETS_TIMEOUT_MS, OFFSETS_INTERVAL_MS } from './limits.ts';
import type { PartitionRunner } from './partition-runner.ts';

export interface HousekeepingOptions {
  readonly client: StreamsClient;
  /** Of every stream. */
  readonly partitions: number;
  /** Of the partitions that are this process's now. */
  readonly runners: () => readonly PartitionRunner[];
  /** Time passes in silent streams. */
  readonly isLive: boolean;
  /** Wall clock. */
  readonly now: () => number;
  /** What goes wrong without being the end. */
  readonly warn: (error: unknown, message: string) => void;
}

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #offsets: CommittedOffsets;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#offsets = new CommittedOffsets(options);
  }

  /** Until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const idle = new IdleKeeper(this.#options);
    await Promise.all([
      this.#repeat(OFFSETS_INTERVAL_MS, 'group offsets', signal, () => this.#offsets.commit({ signal })),
      this.#options.isLive && this.#repeat(IDLE_CHECK_MS, 'idle rule', signal, () => idle.look(signal)),
    ]);
  }

  /** The last word, when nothing runs any more. */
  async end(): Promise<void> {
    await this.#offsets
      .commit({ timeoutMs: LAST_OFFSETS_TIMEOUT_MS })
      .catch((error: unknown) => this.#options.warn(error, 'group offsets'));
  }

  async #repeat(
    intervalMs: number,
    what: string,
    signal: AbortSignal,
    action: () => Promise<void>,
  ): Promise<void> {
    while (!signal.aborted) {
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      // Both are for others to look at, or come again: an error costs a turn.
      await action().catch((error: unknown) => {
        if (!signal.aborted) this.#options.warn(error, what);
      });
    }
  }
}
