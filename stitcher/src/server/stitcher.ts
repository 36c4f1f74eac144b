// The stitcher as a whole: all partitions over one store, the idle rule, group offsets. It has no groups yet: one
// process owns every partition, and a second one on the same streams fences the first.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '@weir/store';
import type { CallOptions, StreamsClient } from '@weir/streams/client';
import type { InputStream } from '../core/counters.ts';
import type { JoinOptions } from '../core/join-options.ts';
import { fenceOutputs } from './fence-outputs.ts';
import { keepIdle } from './idle-keeper.ts';
import {
  IDLE_CHECK_MS,
  LAST_OFFSETS_TIMEOUT_MS,
  OFFSETS_INTERVAL_MS,
  SKELETON_BYTES_MAX,
  TEMPLATE_BYTES_MAX,
  WAITING_BYTES_MAX,
} from './limits.ts';
import { beginGeneration } from './open-state.ts';
import { PartitionRunner } from './partition-runner.ts';
import { type MemoryShare, PartitionStitcher } from './partition-stitcher.ts';

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

const MEMORY: MemoryShare = {
  skeletonBytes: SKELETON_BYTES_MAX,
  templateBytes: TEMPLATE_BYTES_MAX,
  waitingBytes: WAITING_BYTES_MAX,
};

const GROUP = 'stitcher';

export class Stitcher {
  readonly #options: StitcherOptions;
  readonly #runners: readonly PartitionRunner[];
  readonly #stop = new AbortController();
  readonly #committed = new Map<string, number>();

  private constructor(options: StitcherOptions, runners: readonly PartitionRunner[]) {
    this.#options = options;
    this.#runners = runners;
  }

  /** Restores every partition and fences what ran before. */
  static async open(options: StitcherOptions): Promise<Stitcher> {
    const {
      store,
      client,
      plan,
      policy,
      liveBoundMs,
      partitions,
      durability,
      now,
      memory = MEMORY,
    } = options;
    const epoch = await beginGeneration(store, options, partitions);
    const durable =
      durability === 'machine' ? (written: Promise<void>) => written.then(() => store.sync()) : identity;
    await durable(Promise.resolve());
    const share: MemoryShare = {
      skeletonBytes: memory.skeletonBytes / partitions,
      templateBytes: memory.templateBytes / partitions,
      waitingBytes: memory.waitingBytes / partitions,
    };
    const runners = await Promise.all(
      Array.from({ length: partitions }, async (_, partition) => {
        const stitcher = await PartitionStitcher.open(store, { plan, policy, liveBoundMs, partition }, share);
        const producer = { id: `stitcher/${partition}`, epoch };
        await fenceOutputs(client, stitcher, producer, options.signal && { signal: options.signal });
        return new PartitionRunner({ stitcher, client, producer, memory: share, now, durable });
      }),
    );
    return new Stitcher(options, runners);
  }

  get joins() {
    return this.#runners.map(({ stitcher }) => stitcher.join);
  }

  /** Until `stop`; rejects with the first error of any partition. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    const side = [this.#repeat(OFFSETS_INTERVAL_MS, 'group offsets', () => this.#commitOffsets({ signal }))];
    if (this.#options.liveBoundMs !== undefined) {
      const { client, now } = this.#options;
      side.push(this.#repeat(IDLE_CHECK_MS, 'idle rule', () => keepIdle(client, this.#runners, now, signal)));
    }
    try {
      await Promise.all(this.#runners.map((runner) => runner.run()));
    } finally {
      this.#stop.abort();
      // After an error of one.
      await Promise.all([...side, ...this.#runners.map((runner) => runner.stop())]);
    }
  }

  /** Finishes running steps and appends what they gave, as far as that goes in a short time. */
  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()));
    this.#stop.abort();
    await this.#commitOffsets({ timeoutMs: LAST_OFFSETS_TIMEOUT_MS }).catch((error: unknown) =>
      this.#options.warn(error, 'group offsets'),
    );
  }

  async #repeat(intervalMs: number, what: string, action: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      // Both are for others to look at, or come again: an error costs a turn.
      await action().catch((error: unknown) => {
        if (!signal.aborted) this.#options.warn(error, what);
      });
    }
  }

  /** Only of durable steps: streams may trim below these offsets. */
  async #commitOffsets(options: CallOptions): Promise<void> {
    for (const stream of ['features', 'behaviour'] satisfies InputStream[]) {
      const offsets = this.#runners.flatMap(({ stitcher, done }) =>
        done === undefined
          ? []
          : [
              {
                partition: stitcher.join.options.partition,
                offset: done.inputs[stream].offset,
                timeMs: done.firedMs,
              },
            ],
      );
      // Neither ever falls, so their sum tells whether one has risen.
      const news = offsets.filter(
        ({ partition, offset, timeMs }) => this.#committed.get(`${stream}/${partition}`) !== offset + timeMs,
      );
      if (news.length === 0) continue;
      await this.#options.client.commitOffsets(GROUP, stream, news, options);
      for (const { partition, offset, timeMs } of news)
        this.#committed.set(`${stream}/${partition}`, offset + timeMs);
    }
  }
}

const identity = (written: Promise<void>): Promise<void> => written;
