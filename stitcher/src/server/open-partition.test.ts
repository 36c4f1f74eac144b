// Two members that both believe to have a partition: only the one of the higher generation counts.
import { openMemoryStore } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { behaviourItems, featureItems, TEST_PLAN } from '../testing/arbitrary-streams.ts';
import { naiveJoin } from '../testing/naive-join.ts';
import { AMPLE, appendInputs, makeStreams, readAll, readOutputs } from '../testing/partition-harness.ts';
import { plainResult } from '../testing/plain-outputs.ts';
import { takeOver } from './open-partition.ts';
import type { PartitionRunner } from './partition-runner.ts';
import { FAMILIES } from './state-keys.ts';

const WAIT = { timeout: 20_000, interval: 5 };
const warn = (error: unknown): void => {
  throw error;
};

async function owner(client: StreamsClient, generation: number): Promise<PartitionRunner> {
  const options = {
    store: openMemoryStore({ families: FAMILIES }),
    client,
    join: { plan: TEST_PLAN, policy: 'wait' as const, liveBoundMs: undefined, partition: 0 },
    memory: AMPLE,
    generation,
    now: () => 1_000_000_000,
    ending: new AbortController(),
  };
  return (await takeOver(options, 'these', warn)).runner;
}

it('one that is not told goes on with its work, and nothing of it is taken', async () => {
  const [inputs] = fc.sample(fc.tuple(featureItems, behaviourItems), { numRuns: 1, seed: 3 });
  const [features, behaviour] = inputs!;
  const client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await makeStreams(client, 1);
  const former = await owner(client, 1);
  const present = await owner(client, 2);
  await appendInputs(client, 0, features, behaviour);
  await expect(former.run()).rejects.toMatchObject({ code: 'FENCED' });
  expect(await readAll(client, 'samples', 0)).toEqual([]);
  const running = present.run();
  await vi.waitFor(async () => {
    expect((await readAll(client, 'samples', 0)).at(-1)?.progressTimeMs).toBe(END_OF_INPUT_MS);
  }, WAIT);
  await present.stop();
  await running;
  const result = plainResult(await readOutputs(client, 0), present.stitcher.join.counters);
  expect(result).toEqual(naiveJoin(TEST_PLAN, features, behaviour));
});
