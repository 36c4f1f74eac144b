// Commits where the trainer stands in its partitions, for lag, trimming and whoever waits for trained time: after
// acknowledgement, in order, the newest positions instead of every window's. What is trained is decided by the shards'
// offsets alone; a commit is never beyond them, nor beyond what a stored step of the operator state covers: what is below it
// may be trimmed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamsClient } from '@weir/streams/client';
import { CommitOrder } from './core/commit-order.ts';
import type { PartitionPosition } from './core/partition-merge.ts';
import { COMMIT_INTERVAL_MS, REPAIR_INTERVAL_MS } from './limits.ts';
import { type OnRetry, persist } from './retry.ts';
import { SAMPLES_STREAM } from './samples-stream.ts';

export interface CommitterOptions {
  readonly streams: StreamsClient;
  readonly group: string;
  /** As committed before, over the partitions concerned. */
  readonly trainedTimeMs: number;
  /** Up to where the operator state is stored; undefined: there is none. */
  readonly stored: (partition: number) => number | undefined;
  readonly onRetry: OnRetry;
  /** Gives up what is not committed yet. */
  readonly signal: AbortSignal;
}

export class OffsetCommitter {
  readonly #options: CommitterOptions;
  readonly #order = new CommitOrder();
  #newest: readonly PartitionPosition[] | undefined;
  #working: Promise<void> | undefined;
  #flushing = false;
  /** What was committed last. */
  #committed: readonly PartitionPosition[] = [];
  #trainedTimeMs: number;
  readonly #stopRepairs: () => void;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#trainedTimeMs = options.trainedTimeMs;
    const timer = setInterval(() => void this.#repair(), REPAIR_INTERVAL_MS);
    options.signal.addEventListener('abort', () => clearInterval(timer));
    this.#stopRepairs = () => clearInterval(timer);
  }

  /** Every sample known below it is trained, acknowledged and committed. */
  get trainedTimeMs(): number {
    return this.#trainedTimeMs;
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

  /** Resolves when everything settled so far is committed, or given up. */
  async flush(): Promise<void> {
    this.#flushing = true;
    this.#stopRepairs();
    while (this.#working !== undefined) await this.#working;
  }

  async #work(): Promise<void> {
    const { streams, group, onRetry, signal } = this.#options;
    while (this.#newest !== undefined && !signal.aborted) {
      const positions = this.#newest;
      this.#newest = undefined;
      const commit = () => streams.commitOffsets(group, SAMPLES_STREAM, this.#stored(positions), { signal });
      try {
        await persist('commit of offsets', commit, onRetry, signal);
      } catch (error) {
        if (signal.aborted) break;
        throw error;
      }
      this.#committed = positions;
      this.#trainedTimeMs = Math.max(this.#trainedTimeMs, Math.min(...positions.map(({ timeMs }) => timeMs)));
      if (!this.#flushing) await sleep(COMMIT_INTERVAL_MS);
    }
    this.#working = undefined;
  }

  /** As far as everything that is kept of the samples is stored. The time is that of the rows: replays wait for it. */
  #stored(positions: readonly PartitionPosition[]): PartitionPosition[] {
    return positions.map(({ partition, offset, timeMs }) => {
      const stored = this.#options.stored(partition) ?? offset;
      return { partition, offset: Math.min(offset, stored), timeMs };
    });
  }

  /**
   * A trainer that stood still and lost its place may have committed where it stood once more, and the operator state may
   * have been stored since: then this says it anew.
   */
  async #repair(): Promise<void> {
    const { streams, group, signal } = this.#options;
    const own = this.#committed;
    if (this.#working !== undefined || own.length === 0) return;
    const known = await streams.groupOffsets(group, SAMPLES_STREAM, { signal }).catch(() => undefined);
    const found = new Map(known?.map((one) => [one.partition, one]));
    const isBehind = this.#stored(own).some(({ partition, offset, timeMs }) => {
      const one = found.get(partition);
      return one !== undefined && (one.offset < offset || one.timeMs < timeMs);
    });
    // Unless something newer was settled meanwhile.
    if (!isBehind || this.#working !== undefined || this.#flushing) return;
    this.#newest ??= own;
    this.#working = this.#work();
  }
}
