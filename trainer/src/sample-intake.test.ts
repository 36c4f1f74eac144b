import { lr } from '@weir/model';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionPosition } from './core/partition-merge.ts';
import { WindowBuilder } from './core/window.ts';
import { MERGE_REQUESTS_MAX } from './limits.ts';
import { OffsetCommitter } from './offset-committer.ts';
import { SampleIntake } from './sample-intake.ts';
import { SampleReader } from './sample-reader.ts';
import { encodedSample, type SampleSketch } from './testing/sample-records.ts';
import type { ReadyWindow } from './window-source.ts';

const model = lr({ schema: undefined, labels: ['click'] });
const START = [0, 1].map((partition) => ({ partition, offset: 0, timeMs: 0 }));

let streams: StreamsClient;
let stop: AbortController;
let refused: string[];
let committer: OffsetCommitter;
let intake: SampleIntake;
let running: Promise<void>;

beforeEach(async () => {
  streams = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await streams.create('samples', 2);
});

afterEach(async () => {
  stop.abort();
  await running;
  await committer.flush();
  await streams.close();
});

async function begin(
  requestsMax: number,
  windowTimeoutMs?: number,
  start: readonly PartitionPosition[] = START,
): Promise<void> {
  stop = new AbortController();
  refused = [];
  const signal = new AbortController().signal;
  committer = new OffsetCommitter({
    streams,
    group: 'trainer',
    trainedTimeMs: 0,
    stored: () => undefined,
    onRetry: () => {},
    signal,
  });
  const ends = await streams.endOffsets('samples');
  intake = new SampleIntake({
    streams,
    start: start.map((position) => ({ ...position, incarnation: ends[position.partition]!.incarnation })),
    builder: new WindowBuilder(model.tables, { requestsMax, bytesMax: 1e9 }),
    windowTimeoutMs,
    committer,
    reader: new SampleReader(model, [1], (refusal, place) => refused.push(`${refusal} ${place}`)),
    signal: stop.signal,
  });
  running = intake.run();
}

const append = (partition: number, ...sketches: SampleSketch[]) =>
  streams.append(
    'samples',
    partition,
    sketches.map((sketch) => ({ value: encodedSample(sketch) })),
  );

const progress = (progressTimeMs: number, ...partitions: number[]) =>
  Promise.all(partitions.map((partition) => streams.append('samples', partition, [{ progressTimeMs }])));

function copies(count: number): { value: Uint8Array }[] {
  const value = encodedSample({ block: { docs: [{}] }, knownTimeMs: 10 });
  return Array.from({ length: count }, () => ({ value }));
}

const at = (knownTimeMs: number, servingId: string): SampleSketch => ({ knownTimeMs, servingId });

const idsOf = ({ window }: ReadyWindow) => window.requests.map(({ request }) => request.servingId);

async function take(): Promise<ReadyWindow> {
  while (!intake.ended) {
    const ready = await intake.take();
    if (ready !== undefined) return ready;
  }
  throw new Error('the intake has ended');
}

async function trained(timeMs: number): Promise<void> {
  while (committer.trainedTimeMs < timeMs) await new Promise(setImmediate);
}

describe('SampleIntake', () => {
  it('makes windows of both partitions in order, the last of them at the end of the input', async () => {
    await begin(2);
    await append(1, at(10, 'b'), at(20, 'd'));
    await append(0, at(10, 'a'), at(15, 'c'), at(30, 'e'));
    await progress(END_OF_INPUT_MS, 0, 1);
    const windows = [await take(), await take(), await take()];
    expect(windows.map(idsOf)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(windows.map(({ window }) => window.reason)).toEqual(['count', 'count', 'end_of_input']);
  });

  it('commits what is acknowledged, in order, up to the end of the input', async () => {
    await begin(1);
    await append(0, at(10, 'a'), at(20, 'b'));
    await progress(15, 1);
    const first = await take();
    first.acknowledged();
    await trained(15);
    expect(await streams.groupOffsets('trainer', 'samples')).toEqual([
      { partition: 0, offset: 1, timeMs: 20 },
      { partition: 1, offset: 1, timeMs: 15 },
    ]);
    await progress(END_OF_INPUT_MS, 0, 1);
    const second = await take();
    expect(committer.trainedTimeMs).toBeLessThan(END_OF_INPUT_MS);
    second.acknowledged();
    await trained(END_OF_INPUT_MS);
    expect(await streams.groupOffsets('trainer', 'samples')).toEqual([
      { partition: 0, offset: 3, timeMs: END_OF_INPUT_MS },
      { partition: 1, offset: 2, timeMs: END_OF_INPUT_MS },
    ]);
  });

  it('goes on where it was committed', async () => {
    await append(0, at(10, 'a'), at(30, 'c'));
    await append(1, at(20, 'b'));
    await progress(END_OF_INPUT_MS, 0, 1);
    await begin(3, undefined, [
      { partition: 0, offset: 1, timeMs: 30 },
      { partition: 1, offset: 0, timeMs: 20 },
    ]);
    expect(idsOf(await take())).toEqual(['b', 'c']);
  });

  it('counts time that passes without samples as trained', async () => {
    await begin(1);
    await progress(500, 0, 1);
    await trained(500);
  });

  it('closes a window that is not full after its timeout', async () => {
    await begin(10, 5);
    await append(0, at(10, 'a'));
    await progress(20, 1);
    const { window } = await take();
    expect([window.reason, window.requests.length]).toEqual(['timeout', 1]);
  });

  it('says which records it leaves out, and goes on behind them', async () => {
    await begin(1);
    const schema = { modelVersion: { staticHash: '', schemaFingerprint: 'other', tableSet: '', rows: [] } };
    await append(
      0,
      { record: schema },
      { record: { features: Uint8Array.of(0x1a, 0x7f) } },
      at(2000, 'fine'),
    );
    await progress(END_OF_INPUT_MS, 0, 1);
    expect(idsOf(await take())).toEqual(['fine']);
    expect(refused).toEqual(['schema record 0/0', 'malformed record 0/1']);
  });

  it('stops reading when every partition is ahead of the learner, and goes on with it', async () => {
    const count = MERGE_REQUESTS_MAX + 1500;
    for (const partition of [0, 1]) await streams.append('samples', partition, copies(count));
    await progress(END_OF_INPUT_MS, 0, 1);
    await begin(500);
    while (intake.waiting < 2 * MERGE_REQUESTS_MAX) await new Promise(setImmediate);
    let taken = 0;
    while (taken < 2 * count) {
      taken += (await take()).window.requests.length;
      expect(intake.waiting).toBeLessThanOrEqual(2 * MERGE_REQUESTS_MAX);
    }
    expect(taken).toBe(2 * count);
  });

  it('stops reading a partition that is far ahead of the other', async () => {
    const count = MERGE_REQUESTS_MAX + 500;
    await streams.append('samples', 0, copies(count));
    await begin(1000);
    while (intake.waiting < MERGE_REQUESTS_MAX) await new Promise(setImmediate);
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    expect(intake.waiting).toBe(MERGE_REQUESTS_MAX);
    await progress(END_OF_INPUT_MS, 0, 1);
    let taken = 0;
    while (taken < count) taken += (await take()).window.requests.length;
    expect(taken).toBe(count);
  });

  it('takes records without samples along with the next window, or sends them alone when none comes', async () => {
    await begin(1);
    await progress(5, 0, 1);
    await append(0, at(10, 'a'));
    await progress(20, 0, 1);
    const first = await take();
    expect(idsOf(first)).toEqual(['a']);
    expect(first.ranges.map(({ partition, from }) => [partition, from])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    await progress(30, 0, 1);
    const covered = new Map(first.ranges.map(({ partition, to }) => [partition, to]));
    while (covered.get(0)! < 4 || covered.get(1)! < 3) {
      const { window, ranges } = await take();
      expect([window.reason, window.requests]).toEqual(['advance', []]);
      for (const { partition, from, to } of ranges) {
        expect(from).toBe(covered.get(partition));
        covered.set(partition, to);
      }
    }
    expect([...covered]).toEqual([
      [0, 4],
      [1, 3],
    ]);
  });

  it('commits anew what somebody who stood still has taken back', async () => {
    await begin(1);
    await progress(END_OF_INPUT_MS, 0, 1);
    (await take()).acknowledged();
    await trained(END_OF_INPUT_MS);
    await streams.commitOffsets('trainer', 'samples', [{ partition: 1, offset: 0, timeMs: 0 }]);
    for (;;) {
      const [, second] = await streams.groupOffsets('trainer', 'samples');
      if (second!.offset === 1 && second!.timeMs === END_OF_INPUT_MS) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});
