// Commits where the trainer stands: after acknowledgement, in order, the newest positions instead of every window's.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamsClient } from '@weir/streams/client';
import { CommitOrder } from './core/commit-order.ts';
import type { PartitionPosition } from './core/partition-merge.ts';
import { COMMIT_INTERVAL_MS } from './limits.ts';
import { type OnRetry, persist } from './retry.ts';

export const SAMPLES_STREAM = 'samples';
export const TRAINER_GROUP = 'trainer';

export class OffsetCommitter {
  readonly #streams: StreamsClient;
  readonly #onRetry: OnRetry;
  readonly #order = new CommitOrder();
  #newest: readonly PartitionPosition[] | undefined;
  #working: Promise<void> | undefined;
  #flushing = false;
  #trainedTimeMs: number;

  /** @param trainedTimeMs as committed before. */
  constructor(streams: StreamsClient, trainedTimeMs: number, onRetry: OnRetry) {
    this.#streams = streams;
    this.#trainedTimeMs = trainedTimeMs;
    this.#onRetry = onRetry;
  }

  /** Every sample known below it is trained, acknowledged and committed. */
  get trainedTimeMs(): number {
    return this.#trainedTimeMs;
  }

  /** Windows closed and not yet acknowledged. */
  get open(): number {
    return this.#order.open;
  }

  issue(): number {
    return this.#order.issue();
  }

  settle(ticket: number, positions: readonly PartitionPosition[]): void {
    const safe = this.#order.settle(ticket, positions);
    if (safe === undefined) return;
    this.#newest = safe;
    this.#working ??= this.#work();
  }

  /** Resolves when everything settled so far is committed. */
  async flush(): Promise<void> {
    this.#flushing = true;
    while (this.#working !== undefined) await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#newest !== undefined) {
      const positions = this.#newest;
      this.#newest = undefined;
      await persist(
        'commit of offsets',
        () => this.#streams.commitOffsets(TRAINER_GROUP, SAMPLES_STREAM, positions),
        this.#onRetry,
      );
      this.#trainedTimeMs = Math.max(this.#trainedTimeMs, Math.min(...positions.map(({ timeMs }) => timeMs)));
      if (!this.#flushing) await sleep(COMMIT_INTERVAL_MS);
    }
    this.#working = undefined;
  }
}
