// The stitcher as a whole when it is alone: all partitions over one store, which is their state. A second process on the
// same streams fences the first.
import type { Store } from '@weir/store';
import type { StreamsClient } from '@weir/streams/client';
import type { Join } from '../core/join.ts';
import type { JoinOptions } from '../core/join-options.ts';
import { Housekeeping } from './housekeeping.ts';
import { SKELETON_BYTES_MAX, TEMPLATE_BYTES_MAX, WAITING_BYTES_MAX } from './limits.ts';
import { openOwnFolder } from './open-partition.ts';
import { beginGeneration, stateSettings } from './open-state.ts';
import type { PartitionRunner } from './partition-runner.ts';
import type { MemoryShare } from './partition-stitcher.ts';

export interface StitcherOptions extends Omit<JoinOptions, 'partition'> {
  readonly store: Store;
  readonly client: StreamsClient;
  readonly partitions: number;
  readonly durability: 'process' | 'machine';
  /** Ends the opening. */
  readonly signal?: AbortSignal;
  /** Wall clock. */
  readonly now: () => number;
  /** Of the whole process; default: the named limits. */
  readonly memory?: MemoryShare;
  /** What goes wrong without being the end. */
  readonly warn: (error: unknown, message: string) => void;
}

/** What `weir stitcher` runs. */
export interface StitcherRun {
  /** Of the partitions that are this process's now. */
  readonly joins: readonly Join[];
  /** Until `stop`; rejects with the first error that it cannot go on after. */
  run(): Promise<void>;
  /** Finishes running steps and appends what they gave, as far as that goes in a short time. */
  stop(): Promise<void>;
}

const MEMORY: MemoryShare = {
  skeletonBytes: SKELETON_BYTES_MAX,
  templateBytes: TEMPLATE_BYTES_MAX,
  waitingBytes: WAITING_BYTES_MAX,
};

export class Stitcher implements StitcherRun {
  readonly #runners: readonly PartitionRunner[];
  readonly #housekeeping: Housekeeping;
  readonly #stop = new AbortController();

  private constructor(options: StitcherOptions, runners: readonly PartitionRunner[]) {
    this.#runners = runners;
    this.#housekeeping = new Housekeeping({
      ...options,
      runners: () => runners,
      isLive: options.liveBoundMs !== undefined,
    });
  }

  /** Restores every partition and fences what ran before. */
  static async open(options: StitcherOptions): Promise<Stitcher> {
    const { store, client, plan, policy, liveBoundMs, partitions, durability, now, signal } = options;
    const generation = await beginGeneration(store, stateSettings(options, partitions));
    const durable =
      durability === 'machine' ? (written: Promise<void>) => written.then(() => store.sync()) : identity;
    await durable(Promise.resolve());
    const memory = memoryShare(partitions, options.memory);
    const runners = await Promise.all(
      Array.from({ length: partitions }, (_, partition) => {
        const join = { plan, policy, liveBoundMs, partition };
        const ending = new AbortController();
        // Only the opening: later the partitions end by `stop`.
        const opening = () => ending.abort(signal?.reason);
        if (signal?.aborted === true) opening();
        signal?.addEventListener('abort', opening, { once: true });
        const options = { store, client, join, memory, generation, now, ending };
        return openOwnFolder(options, durable).finally(() => signal?.removeEventListener('abort', opening));
      }),
    );
    return new Stitcher(options, runners);
  }

  get joins(): readonly Join[] {
    return this.#runners.map(({ stitcher }) => stitcher.join);
  }

  async run(): Promise<void> {
    const side = this.#housekeeping.run(this.#stop.signal);
    try {
      await Promise.all(this.#runners.map((runner) => runner.run()));
    } finally {
      this.#stop.abort();
      // After an error of one.
      await Promise.all([side, ...this.#runners.map((runner) => runner.stop())]);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()));
    this.#stop.abort();
    await this.#housekeeping.end();
  }
}

/** Of one partition, so that all of them fit one process. */
export function memoryShare(partitions: number, memory = MEMORY): MemoryShare {
  return {
    skeletonBytes: memory.skeletonBytes / partitions,
    templateBytes: memory.templateBytes / partitions,
    waitingBytes: memory.waitingBytes / partitions,
  };
}

const identity = (written: Promise<void>): Promise<void> => written;
