// Follows the samples stream to its end and counts what is in it. Commits its offsets as a group of its own, so that
// nothing is trimmed before it was counted.
import { SampleRecord } from '@weir/proto/v1/records';
import { END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import { countSamples, type SampleCounts } from './count-samples.ts';

const GROUP = 'replay';
const COMMIT_RECORDS = 4_096;

export interface SampleTail {
  readonly counts: SampleCounts;
  /** Records read; rises as long as the stitcher emits. */
  readonly records: number;
  /** Resolves when every partition has said that nothing follows. */
  readonly ended: Promise<void>;
}

export function tailSamples(streams: StreamsClient, partitions: number, signal: AbortSignal): SampleTail {
  const tail = {
    counts: { samples: 0, positives: new Map<string, number>() },
    records: 0,
    ended: Promise.resolve(),
  };
  const follow = async (partition: number): Promise<void> => {
    let committed = 0;
    for await (const batch of streams.read('samples', partition, { offset: 0, follow: true, signal })) {
      for (const { value, progressTimeMs } of batch.records) {
        tail.records++;
        if (progressTimeMs === undefined) countSamples(SampleRecord.decode(value), tail.counts);
        else if (progressTimeMs >= END_OF_INPUT_MS) return;
      }
      const next = batch.records.at(-1);
      if (next !== undefined && next.offset + 1 - committed >= COMMIT_RECORDS) {
        committed = next.offset + 1;
        await streams.commitOffsets(GROUP, 'samples', [{ partition, offset: committed, timeMs: 0 }]);
      }
    }
    throw new Error('the samples stream ended before the end of the input');
  };
  const all = async (): Promise<void> => {
    const start = Array.from({ length: partitions }, (_, partition) => ({ partition, offset: 0, timeMs: 0 }));
    await streams.commitOffsets(GROUP, 'samples', start);
    await Promise.all(start.map(({ partition }) => follow(partition)));
  };
  tail.ended = all();
  // Whoever awaits it hears of an error; until then it is not an unhandled one.
  tail.ended.catch(() => {});
  return tail;
}
