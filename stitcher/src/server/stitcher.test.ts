// The whole stitcher over embedded streams: reading, stepping and appending go on at once, as in a process.
import { WeirError } from '@weir/proto';
import { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { openMemoryStore, type Store } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { END_OF_INPUT_MS, type PartitionEnd, type StreamsClient } from '@weir/streams/client';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { WATERMARK_BOUND_MS } from '../core/limits.ts';
import { behaviourItems, featureItems, TEST_PLAN } from '../testing/arbitrary-streams.ts';
import { naiveJoin } from '../testing/naive-join.ts';
import { AMPLE, appendInputs, makeStreams, readAll, readOutputs } from '../testing/partition-harness.ts';
import { plainResult } from '../testing/plain-outputs.ts';
import { behaviourEvent, featureRecord } from '../testing/records.ts';
import { countersReport } from './counters-report.ts';
import { beginGeneration, stateSettings } from './open-state.ts';
import { type MemoryShare, PartitionStitcher } from './partition-stitcher.ts';
import { FAMILIES } from './state-keys.ts';
import { Stitcher } from './stitcher.ts';

const NOW_MS = 1_000_000_000;
const WAIT = { timeout: 10_000, interval: 5 };

let client: StreamsClient;
let store: Store;
let nowMs: number;

beforeEach(async () => {
  client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  store = openMemoryStore({ families: FAMILIES });
  nowMs = NOW_MS;
  await makeStreams(client, 2);
});

function open(
  options: { memory?: MemoryShare; policy?: 'wait' | 'fast'; live?: boolean } = {},
): Promise<Stitcher> {
  const { memory = AMPLE, policy = 'wait', live = true } = options;
  return Stitcher.open({
    store,
    client,
    plan: TEST_PLAN,
    policy,
    liveBoundMs: live ? WATERMARK_BOUND_MS : undefined,
    partitions: 2,
    durability: 'machine',
    now: () => nowMs,
    memory,
    warn: (error) => {
      throw error;
    },
  });
}

const appendFeatures = (partition: number, ...fields: Partial<FeatureRecord>[]) =>
  client.append(
    'features',
    partition,
    fields.map((one) => ({ value: FeatureRecord.encode(featureRecord(one)).finish() })),
  );

const appendEvents = (partition: number, ...fields: Partial<BehaviourEvent>[]) =>
  client.append(
    'behaviour',
    partition,
    fields.map((one) => ({ value: BehaviourEvent.encode(behaviourEvent(one)).finish() })),
  );

async function lastProgress(partition: number): Promise<number> {
  return (
    (await readAll(client, 'samples', partition)).findLast((r) => r.progressTimeMs !== undefined)
      ?.progressTimeMs ?? 0
  );
}

describe('stitcher', () => {
  it('gives in both partitions what a batch join gives, over a stop in the middle', async () => {
    const inputs = fc.sample(fc.tuple(featureItems, behaviourItems), { numRuns: 2, seed: 11 });
    const first = await open();
    const firstRun = first.run();
    await appendInputs(client, 0, ...inputs[0]!);
    await vi.waitFor(async () => expect(await lastProgress(0)).toBe(END_OF_INPUT_MS), WAIT);
    await first.stop();
    await firstRun;
    await appendInputs(client, 1, ...inputs[1]!);
    const second = await open();
    const secondRun = second.run();
    await vi.waitFor(async () => expect(await lastProgress(1)).toBe(END_OF_INPUT_MS), WAIT);
    await second.stop();
    await secondRun;
    for (const [partition, [features, behaviour]] of inputs.entries()) {
      const result = plainResult(await readOutputs(client, partition), second.joins[partition]!.counters);
      expect(result).toEqual(naiveJoin(TEST_PLAN, features, behaviour));
    }
    const offsets = await client.groupOffsets('stitcher', 'features');
    const ends = await client.endOffsets('features');
    expect(offsets.map(({ offset }) => offset)).toEqual(ends.map(({ endOffset }) => endOffset));
    expect(countersReport(second.joins)).toMatchObject({
      open_requests: 0,
      held: 0,
      watermark_ms: END_OF_INPUT_MS,
    });
  });

  it('reads no further ahead in behaviour than its memory allows, and still comes to the end', async () => {
    const strangers = Array.from({ length: 300 }, (_, i) => ({
      servingId: `x${i}`,
      timeMs: 1_000_000 + 30 * i,
    }));
    await appendEvents(0, ...strangers);
    await client.append('behaviour', 0, [{ progressTimeMs: END_OF_INPUT_MS }]);
    const stitcher = await open({ memory: { ...AMPLE, waitingBytes: 20_000 } });
    const run = stitcher.run();
    await appendFeatures(0, { servingId: 'x299', timeMs: 1_008_000 });
    await client.append('features', 0, [{ progressTimeMs: END_OF_INPUT_MS }]);
    await vi.waitFor(async () => expect(await lastProgress(0)).toBe(END_OF_INPUT_MS), WAIT);
    await stitcher.stop();
    await run;
    expect(stitcher.joins[0]!.counters).toMatchObject({ events: 1, orphans: { features_missing: 299 } });
  });

  it('lets silent partitions follow, and closes the last windows by the wall clock', async () => {
    await appendFeatures(0, { servingId: 'a', timeMs: NOW_MS }, { servingId: 'b', timeMs: NOW_MS + 13_000 });
    await appendEvents(0, { servingId: 'a', timeMs: NOW_MS + 1_000 });
    const stitcher = await open();
    const run = stitcher.run();
    await vi.waitFor(() => expect(stitcher.joins[0]!.counters.requests).toBe(2), WAIT);
    // Not idle yet: behaviour holds the watermark back.
    expect(stitcher.joins[0]!.watermarkMs).toBe(NOW_MS - 1_000);
    expect(stitcher.joins[1]!.watermarkMs).toBe(0);
    nowMs = NOW_MS + 40_000;
    await vi.waitFor(async () => {
      expect(await lastProgress(0)).toBe(nowMs - 10_000);
      expect(await lastProgress(1)).toBe(nowMs - 10_000);
    }, WAIT);
    const { samples } = await readOutputs(client, 0);
    expect(samples.map(({ servingId, revision }) => [servingId, revision])).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
    await stitcher.stop();
    await run;
  });

  it('under fast has a negative and its positive out as they come', async () => {
    const stitcher = await open({ policy: 'fast' });
    const run = stitcher.run();
    await appendFeatures(1, { timeMs: NOW_MS });
    await vi.waitFor(async () => expect((await readOutputs(client, 1)).samples).toHaveLength(1), WAIT);
    await appendEvents(1, { timeMs: NOW_MS + 500 });
    await vi.waitFor(async () => expect((await readOutputs(client, 1)).samples).toHaveLength(2), WAIT);
    await stitcher.stop();
    await run;
  });

  it('without a live watermark moves by progress records alone', async () => {
    await appendFeatures(0, { servingId: 'a', timeMs: 5_000 }, { servingId: 'b', timeMs: NOW_MS * 5 });
    const stitcher = await open({ live: false });
    const run = stitcher.run();
    await vi.waitFor(() => expect(stitcher.joins[0]!.counters.requests).toBe(2), WAIT);
    expect(stitcher.joins[0]!.watermarkMs).toBe(0);
    expect(stitcher.joins[0]!.counters.clamped).toBe(0);
    await stitcher.stop();
    await run;
  });

  /** Ten requests of a megabyte, all due at the end of the input, and a process that died after its first step. */
  async function dieInTheMiddleOfTheEnd(): Promise<void> {
    const large = new Uint8Array(1024 * 1024);
    const requests = Array.from({ length: 10 }, (_, i) => ({
      servingId: `s${i}`,
      timeMs: 1_000_000 + i * 1_000,
      features: large,
    }));
    await appendFeatures(0, ...requests);
    await client.append('features', 0, [{ progressTimeMs: END_OF_INPUT_MS }]);
    await client.append('behaviour', 0, [{ progressTimeMs: END_OF_INPUT_MS }]);
    await beginGeneration(store, stateSettings({ plan: TEST_PLAN, policy: 'wait' }, 2));
    const options = { plan: TEST_PLAN, policy: 'wait', liveBoundMs: undefined, partition: 0 } as const;
    const died = await PartitionStitcher.open(store, options, AMPLE);
    const [{ incarnation }] = (await client.endOffsets('features')) as [PartitionEnd];
    const features = { records: await readAll(client, 'features', 0), incarnation };
    const [behaviourEnd] = (await client.endOffsets('behaviour')) as [PartitionEnd];
    const behaviour = {
      records: await readAll(client, 'behaviour', 0),
      incarnation: behaviourEnd.incarnation,
    };
    for await (const commit of died.process({ features, behaviour }, NOW_MS)) {
      await commit.written;
      break;
    }
    expect(died.join.firedMs).toBeLessThan(END_OF_INPUT_MS);
  }

  it('goes on with what was due when it died, though nothing more comes in', async () => {
    await dieInTheMiddleOfTheEnd();
    const stitcher = await open({ live: false });
    const run = stitcher.run();
    await vi.waitFor(async () => expect(await lastProgress(0)).toBe(END_OF_INPUT_MS), WAIT);
    expect((await readOutputs(client, 0)).samples.filter(({ revision }) => revision === 0)).toHaveLength(10);
    await stitcher.stop();
    await run;
  });

  it('stops in a moment, and loses nothing, when the streams take no samples any more', async () => {
    await dieInTheMiddleOfTheEnd();
    const reachable = client;
    let tries = 0;
    const away: Partial<StreamsClient> = {
      append: async () => {
        tries++;
        throw new WeirError('UNAVAILABLE', 'nobody there');
      },
      fence: (...call) => reachable.fence(...call),
      read: (...call) => reachable.read(...call),
      endOffsets: (...call) => reachable.endOffsets(...call),
      commitOffsets: (...call) => reachable.commitOffsets(...call),
    };
    client = away as StreamsClient;
    const stuck = await open({ live: false });
    const stuckRun = stuck.run();
    // All that is due is more than the outbox holds.
    await vi.waitFor(() => expect(tries).toBeGreaterThan(1), WAIT);
    expect(stuck.joins[0]!.firedMs).toBeLessThan(END_OF_INPUT_MS);
    await stuck.stop();
    await stuckRun;
    client = reachable;
    const stitcher = await open({ live: false });
    const run = stitcher.run();
    await vi.waitFor(async () => expect(await lastProgress(0)).toBe(END_OF_INPUT_MS), WAIT);
    expect((await readOutputs(client, 0)).samples.filter(({ revision }) => revision === 0)).toHaveLength(10);
    await stitcher.stop();
    await run;
  });

  it('ends with FENCED when a newer process takes over', async () => {
    const old = await open();
    const run = old.run();
    const ended = expect(run).rejects.toMatchObject({ code: 'FENCED' });
    await open();
    await appendFeatures(0, { timeMs: 5_000 });
    await client.append('features', 0, [{ progressTimeMs: END_OF_INPUT_MS }]);
    await client.append('behaviour', 0, [{ progressTimeMs: END_OF_INPUT_MS }]);
    await ended;
  });

  it('refuses a folder whose open requests have other windows', async () => {
    await open();
    await expect(open({ policy: 'fast' })).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });
});
