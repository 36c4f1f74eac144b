// Sources against real shards, each a process with its data on disk.
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { channels } from './channel.ts';
import { connect, OutcomeUnknownError, type SourceRanges, type Table, type Weir } from './index.ts';

let cluster: Cluster;
let weir: Weir;
let table: Table;
beforeAll(async () => {
  cluster = await startCluster({ shards: 3 });
  weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
  await weir.tables.create({ name: 'count', dim: 1, optimizer: { kind: 'sum' } });
  table = await weir.table('count');
});
afterAll(async () => {
  await weir?.close();
  await cluster?.stop();
});

const SHARDS = ['shard-0', 'shard-1', 'shard-2'];
const LOG = 'log-1';
let groups = 0;

/** A group of its own for each test, and keys of its own on all shards. */
function newGroup() {
  const group = `group-${++groups}`;
  const keys = BigUint64Array.from({ length: 60 }, (_, i) => BigInt(groups * 1_000 + i));
  const ones = new Float32Array(keys.length).fill(1);
  const sources = weir.sources(group);
  const acquire = (generation: number, start = 0, incarnation = LOG) =>
    sources.acquire(generation, [{ partition: 0, incarnation, start }]);
  const covering = (from: number, to: number, generation = 1): SourceRanges => ({
    group,
    generation,
    ranges: [{ partition: 0, incarnation: LOG, from, to }],
  });
  const push = (from: number, to: number, generation?: number, timeoutMs?: number, by = table) =>
    by.push(keys, ones, { sources: covering(from, to, generation), timeoutMs });
  /** How often each key was counted. */
  const counts = async () => [...new Set(await table.pull(keys))];
  return { group, keys, ones, sources, acquire, covering, push, counts };
}

const appliedOn = (offsets: readonly { shard: string; applied: number }[]) =>
  Object.fromEntries(offsets.map(({ shard, applied }) => [shard, applied]));
const onAll = (applied: number) => Object.fromEntries(SHARDS.map((shard) => [shard, applied]));

describe('acquire', () => {
  it('begins at the start given, on every shard, and later at the one recorded', async () => {
    const { acquire, sources, push } = newGroup();
    const [first] = await acquire(1, 40);
    expect(first).toMatchObject({ partition: 0, start: 40 });
    expect(appliedOn(first!.offsets)).toEqual(onAll(40));
    await push(40, 50);
    const [later] = await acquire(2, 99);
    expect(later!.start).toBe(40);
    expect(appliedOn(later!.offsets)).toEqual(onAll(50));
    const stored = { partition: 0, incarnation: LOG, generation: 2, start: 40, applied: 50, lost: false };
    expect(await sources.describe()).toEqual(SHARDS.map((shard) => ({ shard, partitions: [stored] })));
  });

  it('answers in the order of the partitions asked for', async () => {
    const { sources } = newGroup();
    const asked = [3, 1, 2].map((partition) => ({ partition, incarnation: LOG, start: partition }));
    const acquired = await sources.acquire(1, asked);
    expect(acquired.map(({ partition, start }) => [partition, start])).toEqual([
      [3, 3],
      [1, 1],
      [2, 2],
    ]);
    expect(await sources.acquire(1, [])).toEqual([]);
  });

  it('is FENCED below the generation that a shard has, naming shard, partition and generation', async () => {
    const { acquire } = newGroup();
    await acquire(5);
    await expect(acquire(4)).rejects.toMatchObject({
      code: 'FENCED',
      shard: expect.stringMatching(/^shard-\d$/),
      generation: 5,
      message: expect.stringMatching(/shard-\d: partition 0 of .*generation 5/),
    });
    await acquire(5);
  });

  it('is SOURCE_LOST for another incarnation, until an operator resets the offsets', async () => {
    const { acquire, sources, push } = newGroup();
    await acquire(1, 10);
    await push(10, 20);
    await expect(acquire(2, 0, 'log-2')).rejects.toMatchObject({
      code: 'SOURCE_LOST',
      message: expect.stringMatching(/shard-\d: .*'log-1' of partition 0 .*weir source reset/),
    });
    const forgotten = await sources.reset([0]);
    expect(forgotten.map(({ partitions }) => partitions[0]!.applied)).toEqual([20, 20, 20]);
    expect((await sources.describe()).map(({ partitions }) => partitions)).toEqual([[], [], []]);
    expect((await acquire(2, 7, 'log-2'))[0]!.start).toBe(7);
  });

  it('is SOURCE_LOST where shards began at different offsets, and says what to do', async () => {
    const { acquire, group, sources } = newGroup();
    const open = channels(undefined, {});
    for (const [shard, start] of [
      [0, 5],
      [2, 6],
    ] as const) {
      const client = open.sourcesOver(open.open(cluster.seeds[shard]!), cluster.seeds[shard]!);
      const partitions = [{ partition: 0, incarnation: LOG, start }];
      await new Promise((resolve, reject) =>
        client.acquire({ group, generation: 1, partitions }, (error, answer) =>
          error === null ? resolve(answer) : reject(error),
        ),
      );
      client.close();
    }
    await expect(acquire(2)).rejects.toMatchObject({
      code: 'SOURCE_LOST',
      message: expect.stringMatching(
        /began at 5 on shard-0, but at 6 on shard-2; weir source reset .* --partition 0/,
      ),
    });
    await sources.reset([]);
    expect((await acquire(2, 3))[0]!.start).toBe(3);
  });

  it('waits for a shard that is away, and ends at its deadline naming it', async () => {
    const { acquire, sources } = newGroup();
    await acquire(1);
    await cluster.kill(1);
    const asked = [{ partition: 0, incarnation: LOG, start: 0 }];
    await expect(sources.acquire(2, asked, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('shard-1'),
    });
    const waiting = acquire(2);
    await cluster.restart(1);
    expect(appliedOn((await waiting)[0]!.offsets)).toEqual(onAll(0));
  });
});

describe('a push with sources', () => {
  it('counts once however often it is made', async () => {
    const { acquire, push, counts, sources } = newGroup();
    await acquire(1);
    await Promise.all([push(0, 10), push(0, 10), push(10, 20), push(0, 10), push(10, 20)]);
    expect(await counts()).toEqual([2]);
    expect((await sources.describe()).map(({ partitions }) => partitions[0]!.applied)).toEqual([20, 20, 20]);
  });

  it('advances every shard without rows, too', async () => {
    const { acquire, covering, keys, counts } = newGroup();
    await acquire(1);
    await weir.push([], { sources: covering(0, 10) });
    await table.push(keys.slice(0, 1), Float32Array.of(1), { sources: covering(10, 11) });
    expect(appliedOn((await acquire(2))[0]!.offsets)).toEqual(onAll(11));
    expect((await counts()).sort()).toEqual([0, 1]);
  });

  it('is refused where its ranges do not follow, with where the shard is', async () => {
    const { acquire, push, covering, sources, counts, keys, ones } = newGroup();
    await acquire(1);
    await sources.acquire(1, [{ partition: 1, incarnation: LOG, start: 0 }]);
    await push(0, 10);
    await expect(push(11, 12)).rejects.toMatchObject({ code: 'SOURCE_GAP', applied: 10 });
    await expect(push(5, 12)).rejects.toMatchObject({ code: 'SOURCE_GAP', applied: 10 });
    const ranges = [...covering(0, 10).ranges, { partition: 1, incarnation: LOG, from: 0, to: 5 }];
    const mixed = table.push(keys, ones, { sources: { ...covering(0, 10), ranges } });
    await expect(mixed).rejects.toMatchObject({
      code: 'SOURCE_MIXED',
      shard: expect.stringContaining('shard'),
    });
    expect(await counts()).toEqual([1]);
  });

  it('skips a row that is not finite, and says which', async () => {
    const { acquire, covering, keys, ones } = newGroup();
    await acquire(1);
    const poisoned = ones.slice();
    poisoned[17] = Number.NaN;
    poisoned[48] = Number.POSITIVE_INFINITY;
    const { skipped, acks } = await table.push(keys, poisoned, { sources: covering(0, 10) });
    expect(acks.length).toBe(3);
    const row = { shard: expect.stringMatching(/^shard-/), table: 'default/count', code: 'NOT_FINITE' };
    expect(skipped.toSorted((a, b) => a.keyIndex - b.keyIndex)).toEqual([
      { ...row, keyIndex: 17 },
      { ...row, keyIndex: 48 },
    ]);
    expect([...(await table.pull(keys))].flatMap((count, i) => (count === 1 ? [] : [[i, count]]))).toEqual([
      [17, 0],
      [48, 0],
    ]);
  });

  it('of a zombie changes nothing once its successor has acquired', async () => {
    const { acquire, push, counts } = newGroup();
    await acquire(1);
    await push(0, 10, 1);
    await using successor = await connect({ seeds: cluster.seeds, clientId: 'successor' });
    await acquire(2);
    const fenced = { code: 'FENCED', message: expect.stringMatching(/shard-\d.*partition 0/) };
    await expect(push(10, 20, 1)).rejects.toMatchObject(fenced);
    await push(10, 15, 2, undefined, await successor.table('count'));
    await expect(push(10, 20, 1)).rejects.toMatchObject(fenced);
    await expect(push(15, 20, 3)).rejects.toMatchObject({
      code: 'FENCED',
      message: expect.stringContaining('acquire'),
    });
    expect(await counts()).toEqual([2]);
    expect(appliedOn((await acquire(3))[0]!.offsets)).toEqual(onAll(15));
  });

  it('that a kill left on some shards is brought to the others by the same push of another client', async () => {
    const { acquire, push, counts } = newGroup();
    await acquire(1);
    await push(0, 10);
    await cluster.kill(2);
    const unknown = await push(10, 20, 1, 500).catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(OutcomeUnknownError);
    await cluster.restart(2);
    await using successor = await connect({ seeds: cluster.seeds, clientId: 'successor' });
    await push(10, 20, 1, undefined, await successor.table('count'));
    // What its own client still had for the shard comes as a repeat.
    await (unknown as OutcomeUnknownError).retry();
    await push(20, 30);
    expect(await counts()).toEqual([3]);
    expect(appliedOn((await acquire(2))[0]!.offsets)).toEqual(onAll(30));
  });
});
