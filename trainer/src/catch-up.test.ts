import { lr } from '@weir/model';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import type { AppendRecord, StreamsClient } from '@weir/streams/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CatchUp } from './catch-up.ts';
import type { Segment } from './core/restart-plan.ts';
import { WindowBuilder } from './core/window.ts';
import { SampleReader } from './sample-reader.ts';
import { encodedSample } from './testing/sample-records.ts';
import type { ReadyWindow } from './window-source.ts';

const model = lr({ schema: undefined, labels: ['click'] });
let streams: StreamsClient;

beforeEach(async () => {
  streams = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await streams.create('samples', 2);
});
afterEach(() => streams.close());

const sample = (servingId: string): AppendRecord => ({ value: encodedSample({ servingId }) });
const progress: AppendRecord = { progressTimeMs: 5 };
const poisoned: AppendRecord = { value: Uint8Array.of(0xff, 0xff) };

async function windows(segments: readonly Segment[], requestsMax = 2): Promise<ReadyWindow[]> {
  const ends = await streams.endOffsets('samples');
  const catchUp = new CatchUp({
    streams,
    segments,
    incarnations: new Map(ends.map(({ partition, incarnation }) => [partition, incarnation])),
    builder: new WindowBuilder(model.tables, { requestsMax, bytesMax: 1e9 }),
    reader: new SampleReader(model, [1], () => {}),
    signal: new AbortController().signal,
  });
  const all: ReadyWindow[] = [];
  while (!catchUp.ended) {
    const ready = await catchUp.take();
    if (ready !== undefined) all.push(ready);
  }
  return all;
}

const shown = ({ window, ranges: [range, ...others], again }: ReadyWindow) => {
  expect([others, again]).toEqual([[], true]);
  const ids = window.requests.map(({ request }) => request.servingId).join('');
  return `${range!.partition}: [${range!.from}, ${range!.to}) ${ids} ${window.reason}`;
};

describe('CatchUp', () => {
  it('makes windows of one partition each, cut at the ends of segments, with every record in one range', async () => {
    await streams.append('samples', 0, [
      sample('a'),
      sample('b'),
      progress,
      sample('c'),
      poisoned,
      sample('d'),
    ]);
    await streams.append('samples', 1, [sample('x'), progress, progress, sample('y')]);
    const all = await windows([
      { partition: 0, from: 0, to: 4 },
      { partition: 0, from: 4, to: 5 },
      { partition: 1, from: 1, to: 3 },
    ]);
    expect(all.map(shown)).toEqual([
      '0: [0, 2) ab count',
      '0: [2, 4) c cut',
      '0: [4, 5)  cut',
      '1: [1, 3)  cut',
    ]);
  });

  it('does not cut twice where a window is full at the end of its segment', async () => {
    await streams.append('samples', 0, [sample('a'), sample('b'), sample('c')]);
    expect((await windows([{ partition: 0, from: 0, to: 2 }])).map(shown)).toEqual(['0: [0, 2) ab count']);
  });

  it('is an error when the stream ends before what a shard has applied', async () => {
    await streams.append('samples', 0, [sample('a')]);
    await expect(windows([{ partition: 0, from: 0, to: 3 }])).rejects.toMatchObject({ code: 'SOURCE_LOST' });
  });
});
