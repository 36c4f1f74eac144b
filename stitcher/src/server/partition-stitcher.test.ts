import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { openMemoryStore, openRocksStore, type Store } from '@weir/store';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '@weir/streams';
import { END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JoinOptions, Policy } from '../core/join-options.ts';
import { WATERMARK_BOUND_MS } from '../core/limits.ts';
import { behaviourItems, featureItems, TEST_PLAN } from '../testing/arbitrary-streams.ts';
import { naiveJoin } from '../testing/naive-join.ts';
import { appendInputs, Died, live, makeStreams, readAll, readOutputs } from '../testing/partition-harness.ts';
import { plainResult } from '../testing/plain-outputs.ts';
import type { PartitionStitcher } from './partition-stitcher.ts';
import { FAMILIES } from './state-keys.ts';

const PARTITIONS = 350;

let folder: string;
let store: Store;
let client: StreamsClient;
let nextPartition = 0;

const options = (partition: number, policy: Policy = 'wait'): JoinOptions => ({
  plan: TEST_PLAN,
  policy,
  partition,
  liveBoundMs: WATERMARK_BOUND_MS,
});

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'weir-stitcher-'));
  store = await openRocksStore(folder, { families: FAMILIES });
  client = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
  await makeStreams(client, PARTITIONS);
});

afterAll(async () => {
  await client.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** Inputs that exercise everything, always the same. */
function sampleInputs() {
  const [inputs] = fc.sample(fc.tuple(featureItems, behaviourItems), { numRuns: 1, seed: 3 });
  const [features, behaviour] = inputs!;
  return { features, behaviour };
}

describe('partition over its store', () => {
  it.each(['wait', 'fast'] as const)(
    'dies at any point under %s and goes on as if it had not',
    async (policy) => {
      const { features, behaviour } = sampleInputs();
      const undisturbed = nextPartition++;
      await appendInputs(client, undisturbed, features, behaviour);
      let points = 0;
      const stepRecords = () => 1;
      const whole = await live(store, client, options(undisturbed, policy), {
        stepRecords,
        fuse: () => {
          points++;
        },
      });
      const expected = await readOutputs(client, undisturbed);
      expect(points).toBeGreaterThan(30);
      expect(expected.samples.length).toBeGreaterThan(8);

      for (let dieAt = 1; dieAt <= points; dieAt += policy === 'wait' ? 1 : 4) {
        const partition = nextPartition++;
        await appendInputs(client, partition, features, behaviour);
        let passed = 0;
        const fuse = () => {
          if (++passed === dieAt) throw new Died();
        };
        await expect(live(store, client, options(partition, policy), { fuse, stepRecords })).rejects.toThrow(
          Died,
        );
        const second = await live(store, client, options(partition, policy), { epoch: 2, stepRecords });
        const outputs = await readOutputs(client, partition);
        const moved = outputs.samples.map((sample) => ({
          ...sample,
          source: { ...sample.source!, partition: undisturbed },
        }));
        expect({ ...outputs, samples: moved }).toEqual(expected);
        expect(second.join.counters).toEqual(whole.join.counters);
      }
    },
  );

  it('moves at any point to a folder that knows nothing, or little, and goes on as if it had not', async () => {
    const { features, behaviour } = sampleInputs();
    const expected = naiveJoin(TEST_PLAN, features, behaviour);
    // So little that most is only in the store.
    const memory = { skeletonBytes: 1_500, templateBytes: 400, waitingBytes: 1e9 };
    for (let every = 1; every < 40; every += 3) {
      const partition = nextPartition++;
      await appendInputs(client, partition, features, behaviour);
      const folders = Array.from({ length: 3 }, () => openMemoryStore({ families: FAMILIES }));
      let lives = 0;
      let stitcher: PartitionStitcher | undefined;
      while (stitcher === undefined) {
        // Every life is at least a little longer than the last one.
        let left = every + lives;
        const fuse = () => {
          if (left-- === 0) throw new Died();
        };
        const folder = folders[lives++ % 3]!;
        const life = { epoch: lives, isMember: true, memory, fuse, stepRecords: () => 1 };
        stitcher = await live(folder, client, options(partition), life).catch((error) => {
          if (error instanceof Died) return undefined;
          throw error;
        });
      }
      const result = plainResult(await readOutputs(client, partition), stitcher.join.counters);
      expect(result).toEqual(expected);
    }
  });

  it('dies again and again, and still says everything once', async () => {
    const { features, behaviour } = sampleInputs();
    const partition = nextPartition++;
    await appendInputs(client, partition, features, behaviour);
    let lives = 0;
    let stitcher: PartitionStitcher | undefined;
    while (stitcher === undefined) {
      let left = 4;
      const fuse = () => {
        if (left-- === 0) throw new Died();
      };
      stitcher = await live(store, client, options(partition), { epoch: ++lives, fuse }).catch((error) => {
        if (error instanceof Died) return undefined;
        throw error;
      });
    }
    expect(lives).toBeGreaterThan(3);
    const result = plainResult(await readOutputs(client, partition), stitcher.join.counters);
    expect(result).toEqual(naiveJoin(TEST_PLAN, features, behaviour));
  });

  it('gives the same with next to no memory, whatever the steps', async () => {
    await fc.assert(
      fc.asyncProperty(
        featureItems,
        behaviourItems,
        fc.infiniteStream(fc.nat(6)),
        fc.constantFrom('wait' as const, 'fast' as const),
        async (features, behaviour, sizes, policy) => {
          const partition = nextPartition++;
          await appendInputs(client, partition, features, behaviour);
          const stitcher = await live(store, client, options(partition, policy), {
            memory: { skeletonBytes: 1_500, templateBytes: 400, waitingBytes: 1e9 },
            stepRecords: () => sizes.next().value!,
          });
          const result = plainResult(await readOutputs(client, partition), stitcher.join.counters);
          const expected = naiveJoin(TEST_PLAN, features, behaviour);
          if (policy === 'fast') expect({ ...result, samples: [] }).toEqual({ ...expected, samples: [] });
          else expect(result).toEqual(expected);
          expect(stitcher.join.requests.templateBytes).toBe(0);
          expect(stitcher.join.counters.openRequests).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keeps nothing in the store after the end but its counters', async () => {
    const partition = nextPartition++;
    const { features, behaviour } = sampleInputs();
    await appendInputs(client, partition, features, behaviour);
    const stitcher = await live(store, client, options(partition), {
      memory: { skeletonBytes: 1_500, templateBytes: 400, waitingBytes: 1e9 },
    });
    // What was appended last leaves the outbox with the next step.
    for await (const commit of stitcher.process({}, 0)) await commit.written;
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16BE(partition);
    for (const family of FAMILIES.filter((name) => name !== 'meta')) {
      const next = Buffer.from(prefix);
      next.writeUInt16BE(partition + 1);
      for await (const { key } of store.range(family, { gte: prefix, lt: next })) {
        throw new Error(`${family} still has ${Buffer.from(key).toString('hex')}`);
      }
    }
  });

  it('says progress up to the end of the input, after everything else', async () => {
    const partition = nextPartition++;
    const { features, behaviour } = sampleInputs();
    await appendInputs(client, partition, features, behaviour);
    await live(store, client, options(partition));
    const last = (await readAll(client, 'samples', partition)).at(-1)!;
    expect(last.progressTimeMs).toBe(END_OF_INPUT_MS);
  });

  it('refuses streams that have lost what was appended, and a folder older than the streams', async () => {
    const partition = nextPartition++;
    const { features, behaviour } = sampleInputs();
    await appendInputs(client, partition, features, behaviour);
    await live(store, client, options(partition));
    const anew = await openEmbeddedStreams(openMemoryStore({ families: STREAMS_FAMILIES }));
    await makeStreams(anew, PARTITIONS);
    await expect(live(store, anew, options(partition))).rejects.toMatchObject({ code: 'SOURCE_LOST' });
    const otherFolder = openMemoryStore({ families: FAMILIES });
    await expect(live(otherFolder, client, options(partition))).rejects.toMatchObject({
      code: 'SOURCE_LOST',
    });
  });

  it('is fenced by a newer generation', async () => {
    const partition = nextPartition++;
    await live(store, client, options(partition), { epoch: 5 });
    await expect(live(store, client, options(partition), { epoch: 4 })).rejects.toMatchObject({
      code: 'FENCED',
    });
  });
});
