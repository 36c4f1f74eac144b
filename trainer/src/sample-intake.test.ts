import { createExampleDecoder, lr } from '@weir/model';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionPosition } from './core/partition-merge.ts';
import { prepareRequest } from './core/prepare-request.ts';
import { readSampleRequest } from './core/sample-request.ts';
import { WindowBuilder } from './core/window.ts';
import { MERGE_REQUESTS_MAX } from './limits.ts';
import { OffsetCommitter } from './offset-committer.ts';
import { type ReadyWindow, SampleIntake } from './sample-intake.ts';
import { encodedSample, type SampleSketch } from './testing/sample-records.ts';

const model = lr({ schema: undefined, labels: ['click'] });
const decoder = createExampleDecoder(model.schema);
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

function begin(
  requestsMax: number,
  windowTimeoutMs?: number,
  start: readonly PartitionPosition[] = START,
): void {
  stop = new AbortController();
  refused = [];
  committer = new OffsetCommitter(streams, 0, () => {});
  intake = new SampleIntake({
    streams,
    start,
    builder: new WindowBuilder(model.tables, { requestsMax, bytesMax: 1e9 }),
    windowTimeoutMs,
    committer,
    read: (record, partition) =>
      readSampleRequest(
        record.value,
        { partition, offset: record.offset },
        model.labels,
        model.schemaFingerprint,
      ),
    prepare: (request) => prepareRequest(request, model, decoder, [1]),
    onRefused: (refusal, place) => refused.push(`${refusal} ${place}`),
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
  const ready = await intake.take();
  if (ready === undefined) throw new Error('the intake has ended');
  return ready;
}

async function trained(timeMs: number): Promise<void> {
  while (committer.trainedTimeMs < timeMs) await new Promise(setImmediate);
}

describe('SampleIntake', () => {
  it('makes windows of both partitions in order, the last of them at the end of the input', async () => {
    begin(2);
    await append(1, at(10, 'b'), at(20, 'd'));
    await append(0, at(10, 'a'), at(15, 'c'), at(30, 'e'));
    await progress(END_OF_INPUT_MS, 0, 1);
    const windows = [await take(), await take(), await take()];
    expect(windows.map(idsOf)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(windows.map(({ window }) => window.reason)).toEqual(['count', 'count', 'end_of_input']);
  });

  it('commits what is acknowledged, in order, up to the end of the input', async () => {
    begin(1);
    await append(0, at(10, 'a'), at(20, 'b'));
    await progress(15, 1);
    const first = await take();
    committer.settle(first.ticket, first.window.positions);
    await trained(15);
    expect(await streams.groupOffsets('trainer', 'samples')).toEqual([
      { partition: 0, offset: 1, timeMs: 20 },
      { partition: 1, offset: 1, timeMs: 15 },
    ]);
    await progress(END_OF_INPUT_MS, 0, 1);
    const second = await take();
    expect(committer.trainedTimeMs).toBeLessThan(END_OF_INPUT_MS);
    committer.settle(second.ticket, second.window.positions);
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
    begin(3, undefined, [
      { partition: 0, offset: 1, timeMs: 30 },
      { partition: 1, offset: 0, timeMs: 20 },
    ]);
    expect(idsOf(await take())).toEqual(['b', 'c']);
  });

  it('counts time that passes without samples as trained', async () => {
    begin(1);
    await progress(500, 0, 1);
    await trained(500);
  });

  it('closes a window that is not full after its timeout', async () => {
    begin(10, 5);
    await append(0, at(10, 'a'));
    await progress(20, 1);
    const { window } = await take();
    expect([window.reason, window.requests.length]).toEqual(['timeout', 1]);
  });

  it('says which records it leaves out, and goes on behind them', async () => {
    begin(1);
    const schema = { modelVersion: { staticHash: '', schemaFingerprint: 'other', tableSet: '' } };
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
    begin(500);
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
    begin(1000);
    while (intake.waiting < MERGE_REQUESTS_MAX) await new Promise(setImmediate);
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    expect(intake.waiting).toBe(MERGE_REQUESTS_MAX);
    await progress(END_OF_INPUT_MS, 0, 1);
    let taken = 0;
    while (taken < count) taken += (await take()).window.requests.length;
    expect(taken).toBe(count);
  });
});
