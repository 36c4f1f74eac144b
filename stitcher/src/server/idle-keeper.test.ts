// Silence of a partition whose neighbour is another process's: what that one has committed counts.
import { FeatureRecord } from '@weir/proto/v1/records';
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { expect, it, vi } from 'vitest';
import { WATERMARK_BOUND_MS } from '../core/limits.ts';
import { TEST_PLAN } from '../testing/arbitrary-streams.ts';
import { AMPLE, makeStreams } from '../testing/partition-harness.ts';
import { featureRecord } from '../testing/records.ts';
import { IdleKeeper } from './idle-keeper.ts';
import { IDLE_AFTER_MS, SILENCE_GUARD_MS, STREAMS_GROUP } from './limits.ts';
import { openOwnFolder } from './open-partition.ts';
import { FAMILIES } from './state-keys.ts';

const START_MS = 1_000_000_000;
const WAIT = { timeout: 10_000, interval: 5 };

it('lets no time pass beyond what another process still has to do', async () => {
  let nowMs = START_MS;
  const now = () => nowMs;
  const client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await makeStreams(client, 2);
  const append = (partition: number, timeMs: number) =>
    client.append('features', partition, [
      { value: FeatureRecord.encode(featureRecord({ servingId: `s${partition}`, timeMs })).finish() },
    ]);
  await append(0, START_MS);
  await append(1, START_MS);
  const runner = await openOwnFolder(
    {
      store: openMemoryStore({ families: FAMILIES }),
      client,
      join: { plan: TEST_PLAN, policy: 'wait', liveBoundMs: WATERMARK_BOUND_MS, partition: 0 },
      memory: AMPLE,
      generation: 1,
      now,
      ending: new AbortController(),
    },
    (written) => written,
  );
  const running = runner.run();
  const features = runner.stitcher.join.clock('features');
  const behaviour = runner.stitcher.join.clock('behaviour');
  await vi.waitFor(() => expect(features.watermarkMs).toBe(START_MS - WATERMARK_BOUND_MS), WAIT);
  const keeper = new IdleKeeper({ client, partitions: 2, runners: () => [runner], now });
  const { signal } = new AbortController();
  const lookLater = async (): Promise<void> => {
    nowMs += 2 * IDLE_AFTER_MS;
    await keeper.look(signal);
  };

  // The other partition's owner has committed nothing: it may be anywhere.
  for (let looks = 0; looks < 3; looks++) await lookLater();
  expect([features.watermarkMs, behaviour.watermarkMs]).toEqual([START_MS - WATERMARK_BOUND_MS, 0]);
  const commit = (offset: number, timeMs: number) =>
    Promise.all([
      client.commitOffsets(STREAMS_GROUP, 'features', [{ partition: 1, offset, timeMs }]),
      client.commitOffsets(STREAMS_GROUP, 'behaviour', [{ partition: 1, offset: 0, timeMs }]),
    ]);
  // It has not read all of it: time passes up to where it is.
  await commit(0, START_MS + 500);
  await lookLater();
  expect(behaviour.watermarkMs).toBe(START_MS + 500);
  // It is silent too: the wall clock counts.
  await commit(1, START_MS + 500);
  nowMs += SILENCE_GUARD_MS;
  await lookLater();
  expect(features.watermarkMs).toBe(nowMs - SILENCE_GUARD_MS);
  await runner.stop();
  await running;
});
