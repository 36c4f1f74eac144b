// Source offsets over kill -9 of real shard processes at each durability, over rounds that trim the log, and in a folder
// that is checked.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../testing/cluster.ts';
import { openTestShardOnly, startTestShard } from '../../testing/in-process.ts';
import { pushPart, pushRequest, RawClient, sumTable } from '../../testing/raw-client.ts';
import { RawSources } from '../../testing/raw-sources.ts';
import { LOG, META, SOURCES_KEY } from '../folder/families.ts';
import { openFolder } from '../folder/open-folder.ts';
import { verifyFolder } from '../folder/verify-folder.ts';
import type { Durability } from '../log/log-sink.ts';

const DOC = sumTable('doc', 1);
const KEY = 7n;
/** Starts of processes take long when everything else runs too. */
const TIMEOUT_MS = 120_000;

/** Pushes of one client in order, each adding 1 for its range; a lost connection is the test's end. */
class Trainer {
  readonly client: RawClient;
  readonly sources: RawSources;
  readonly #identity: { readonly id: string; readonly incarnation: string };
  #number = 0;

  constructor(address: string, incarnation: string) {
    this.client = new RawClient(address);
    this.sources = new RawSources(address, 'trainers');
    this.#identity = { id: 'trainer', incarnation };
  }

  async push(from: number, to: number, generation = 1, partition = 0): Promise<void> {
    const sources = [this.sources.range(partition, from, to, generation)];
    const more = { client: this.#identity, sources };
    await this.client.push(pushRequest(++this.#number, [pushPart(DOC.uid, [KEY], [to - from])], more));
  }

  async sum(): Promise<number | undefined> {
    return (await this.client.rows(DOC.uid, [KEY]))[0];
  }

  async materialise(cluster: Cluster): Promise<void> {
    await fetch(`http://${cluster.admins[0]}/materialise`, { method: 'POST', body: '{}' });
  }

  [Symbol.dispose](): void {
    this.client.close();
    this.sources.close();
  }
}

async function killedAndBack(cluster: Cluster): Promise<Trainer> {
  await cluster.kill(0);
  await cluster.restart(0);
  return new Trainer(cluster.seeds[0]!, `after kill ${Math.random()}`);
}

describe('kill -9', () => {
  it.each<Durability>(['process', 'machine'])(
    'at durability %s keeps offsets, generations and rows as they were, from the log and from a round',
    async (durability) => {
      await using cluster = await startCluster({ shards: 1, durability });
      using first = new Trainer(cluster.seeds[0]!, 'first');
      await first.client.create(DOC);
      await first.sources.acquire(1, [0, 1], 10);
      await first.push(10, 15);
      await first.push(15, 16);
      await first.sources.acquire(3, [0]);
      using second = await killedAndBack(cluster);
      await expect(second.push(16, 17, 1)).rejects.toMatchObject({ code: 'FENCED' });
      await second.push(15, 16, 3);
      await second.push(16, 20, 3);
      await second.materialise(cluster);
      await second.push(20, 21, 3);
      await second.sources.reset([1]);
      using third = await killedAndBack(cluster);
      expect((await third.sources.describe()).partitions).toEqual([
        { partition: 0, incarnation: 'log', generation: 3, start: 10, applied: 21, lost: false },
      ]);
      await third.push(16, 20, 3);
      await third.push(20, 21, 3);
      await third.push(21, 22, 3);
      expect(await third.sum()).toBe(12);
    },
    TIMEOUT_MS,
  );

  it(
    'at durability memory loses offsets with the rows: nobody begins anew before a reset',
    async () => {
      await using cluster = await startCluster({ shards: 1, durability: 'memory' });
      using first = new Trainer(cluster.seeds[0]!, 'first');
      await first.client.create(DOC);
      await first.sources.acquire(2, [0, 1]);
      await first.push(0, 5, 2);
      using second = await killedAndBack(cluster);
      await second.client.create(DOC);
      const lost = { code: 'SOURCE_LOST' };
      await expect(second.push(5, 6, 2)).rejects.toMatchObject(lost);
      await expect(second.sources.acquire(3, [0])).rejects.toMatchObject(lost);
      expect((await second.sources.describe()).partitions).toMatchObject([
        { partition: 0, generation: 2, lost: true },
        { partition: 1, generation: 2, lost: true },
      ]);
      // Also after one more restart, and for those that were not reset.
      using third = await killedAndBack(cluster);
      await third.client.create(DOC);
      expect((await third.sources.reset([0])).partitions).toMatchObject([{ partition: 0, lost: true }]);
      await expect(third.sources.acquire(3, [0, 1])).rejects.toMatchObject(lost);
      expect((await third.sources.acquire(1, [0], 40)).partitions).toMatchObject([{ applied: 40 }]);
      await third.push(40, 41);
      expect(await third.sum()).toBe(1);
      using fourth = await killedAndBack(cluster);
      expect((await fourth.sources.describe()).partitions).toMatchObject([{ lost: true }, { lost: true }]);
    },
    TIMEOUT_MS,
  );
});

describe('a folder', () => {
  it('is verified with its source offsets, and a damaged one is named and refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-sources-'));
    try {
      let store = await openFolder(folder);
      {
        await using server = await startTestShard({ store });
        using trainer = new Trainer(server.address, 'first');
        await trainer.client.create(DOC);
        await trainer.sources.acquire(1, [0, 1]);
        await trainer.push(0, 5);
        await server.shard.materialiser.round();
        for await (const _ of store.range(LOG)) expect.fail('a round trims the log');
        await trainer.push(5, 9);
        await trainer.push(5, 9);
        await trainer.sources.acquire(2, [1]);
        await trainer.sources.reset([0]);
      }
      await store.close();
      expect((await verifyFolder(folder)).problems).toEqual([]);

      store = await openFolder(folder);
      const offsets = (await store.get(META, SOURCES_KEY))!;
      await store.write(store.batch().delete(META, SOURCES_KEY));
      await store.close();
      // The log goes on from offsets that are not there.
      expect((await verifyFolder(folder)).problems).toEqual([
        { where: 'log record 4', what: expect.stringContaining('partition 0 of group trainers from 5 to 9') },
      ]);
      store = await openFolder(folder);
      await expect(openTestShardOnly({ store })).rejects.toMatchObject({ code: 'CORRUPT' });
      offsets[20]! ^= 1;
      await store.write(store.batch().put(META, SOURCES_KEY, offsets));
      await expect(openTestShardOnly({ store })).rejects.toMatchObject({ code: 'CORRUPT' });
      await store.close();
      expect((await verifyFolder(folder)).problems).toContainEqual({
        where: 'source offsets',
        what: expect.stringContaining('checksum'),
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
