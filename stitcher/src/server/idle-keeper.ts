// Looks from time to time which live streams are silent, and lets time pass in them. Silent is only what was read to
// its end as the streams themselves state it: never what we were slow to read. Partitions of other processes count too,
// by what these have committed.
import type { GroupOffset, PartitionEnd, StreamsClient } from '@weir/streams/client';
import { INPUT_STREAMS, type InputStream } from '../core/counters.ts';
import { idleWatermark, type StreamActivity } from '../core/idle-rule.ts';
import { IDLE_AFTER_MS, SILENCE_GUARD_MS, STREAMS_GROUP } from './limits.ts';
import type { PartitionRunner } from './partition-runner.ts';

export interface IdleKeeperOptions {
  readonly client: StreamsClient;
  /** Of every stream. */
  readonly partitions: number;
  readonly runners: () => readonly PartitionRunner[];
  /** Wall clock. */
  readonly now: () => number;
}

/** What the streams say of one input. */
interface Stated {
  readonly ends: readonly PartitionEnd[];
  /** By partition, of the stitchers' group; only asked for where there are other processes. */
  readonly committed: ReadonlyMap<number, GroupOffset>;
}

export class IdleKeeper {
  readonly #options: IdleKeeperOptions;
  /** Ends of partitions that are not ours, and since when they have stood there. */
  readonly #ends = new Map<string, { readonly offset: number; readonly sinceMs: number }>();

  constructor(options: IdleKeeperOptions) {
    this.#options = options;
  }

  /** One look. Errors of the streams are the caller's: then nothing is known to be silent. */
  async look(signal: AbortSignal): Promise<void> {
    const { now } = this.#options;
    const runners = this.#options.runners();
    if (!runners.some((runner) => INPUT_STREAMS.some((stream) => isQuiet(runner, stream, now())))) return;
    const hasAll = runners.length === this.#options.partitions;
    const [features, behaviour] = await Promise.all(
      INPUT_STREAMS.map((one) => this.#ask(one, hasAll, signal)),
    );
    const stated = { features: features!, behaviour: behaviour! };
    const activities = runners.flatMap((runner) =>
      INPUT_STREAMS.map((stream) => {
        const { watermarkMs, isLive } = runner.stitcher.join.clock(stream);
        const end = stated[stream].ends[runner.stitcher.join.options.partition];
        // Looked at again: records may have come in the meantime.
        const isSilent =
          end !== undefined &&
          runner.readers[stream].nextOffset >= end.endOffset &&
          isQuiet(runner, stream, now());
        return { runner, stream, watermarkMs, isLive, isSilent };
      }),
    );
    const own = new Set(runners.map(({ stitcher }) => stitcher.join.options.partition));
    const others = INPUT_STREAMS.flatMap((stream) => this.#others(stream, stated[stream], own));
    const watermarkMs = idleWatermark([...activities, ...others], now(), SILENCE_GUARD_MS);
    if (watermarkMs === undefined) return;
    for (const { runner, stream, isLive, isSilent } of activities) {
      if (isLive && isSilent) runner.raise(stream, watermarkMs);
    }
  }

  async #ask(stream: InputStream, hasAll: boolean, signal: AbortSignal): Promise<Stated> {
    const { client } = this.#options;
    const [ends, offsets] = await Promise.all([
      client.endOffsets(stream, { signal }),
      hasAll ? [] : client.groupOffsets(STREAMS_GROUP, stream, { signal }),
    ]);
    return { ends, committed: new Map(offsets.map((offset) => [offset.partition, offset])) };
  }

  /** Of one stream: the partitions of other processes, and of those that are on their way from one to another. */
  #others(stream: InputStream, { ends, committed }: Stated, own: ReadonlySet<number>): StreamActivity[] {
    const nowMs = this.#options.now();
    return ends.flatMap(({ partition, endOffset }) => {
      if (own.has(partition)) return [];
      const name = `${stream}/${partition}`;
      const known = this.#ends.get(name);
      const sinceMs = known?.offset === endOffset ? known.sinceMs : nowMs;
      this.#ends.set(name, { offset: endOffset, sinceMs });
      const { offset, timeMs } = committed.get(partition) ?? { offset: 0, timeMs: 0 };
      const isSilent = offset >= endOffset && nowMs - sinceMs >= IDLE_AFTER_MS;
      return [{ watermarkMs: timeMs, isLive: true, isSilent }];
    });
  }
}

function isQuiet(runner: PartitionRunner, stream: InputStream, nowMs: number): boolean {
  const reader = runner.readers[stream];
  const { isLive } = runner.stitcher.join.clock(stream);
  return isLive && reader.bytes === 0 && nowMs - reader.lastRecordMs >= IDLE_AFTER_MS;
}
