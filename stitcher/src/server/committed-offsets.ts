// Tells the streams how far the stitcher is: what is behind all their consumers, they may trim; and, for the idle rule of
// others, up to which time each partition is done.
import type { CallOptions, StreamsClient } from '@weir/streams/client';
import { INPUT_STREAMS } from '../core/counters.ts';
import { OFFSETS_SAID_AGAIN_MS, STREAMS_GROUP } from './limits.ts';
import type { PartitionRunner } from './partition-runner.ts';

export interface CommittedOffsetsOptions {
  readonly client: StreamsClient;
  readonly runners: () => readonly PartitionRunner[];
  /** Wall clock. */
  readonly now: () => number;
}

export class CommittedOffsets {
  readonly #options: CommittedOffsetsOptions;
  readonly #committed = new Map<string, number>();
  #saidAgainMs = Number.NEGATIVE_INFINITY;

  constructor(options: CommittedOffsetsOptions) {
    this.#options = options;
  }

  /** Only of durable steps. */
  async commit(options: CallOptions): Promise<void> {
    const { client, runners, now } = this.#options;
    // A process that slept, and had the partition before, may have said less in between.
    if (now() - this.#saidAgainMs >= OFFSETS_SAID_AGAIN_MS) {
      this.#committed.clear();
      this.#saidAgainMs = now();
    }
    for (const stream of INPUT_STREAMS) {
      const offsets = runners().map(({ stitcher, done }) => ({
        partition: stitcher.join.options.partition,
        offset: done.inputs[stream].offset,
        timeMs: done.firedMs,
      }));
      // Neither ever falls, so their sum tells whether one has risen.
      const news = offsets.filter(
        ({ partition, offset, timeMs }) => this.#committed.get(`${stream}/${partition}`) !== offset + timeMs,
      );
      if (news.length === 0) continue;
      await client.commitOffsets(STREAMS_GROUP, stream, news, options);
      for (const { partition, offset, timeMs } of news)
        this.#committed.set(`${stream}/${partition}`, offset + timeMs);
    }
  }
}
