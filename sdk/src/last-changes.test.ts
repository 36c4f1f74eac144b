// What changed a row last, against real shards.
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type TableCursor, type Weir } from './index.ts';

let cluster: Cluster;
let weir: Weir;
beforeAll(async () => {
  cluster = await startCluster({ shards: 2 });
  weir = await connect({ seeds: cluster.seeds, clientId: 'trainer-7' });
});
afterAll(async () => {
  await weir?.close();
  await cluster?.stop();
});

const KEYS = BigUint64Array.from({ length: 20 }, (_, i) => BigInt(i));

async function newTable(name: string) {
  await weir.tables.create({ name, dim: 2, optimizer: { kind: 'sum' } });
  const table = await weir.table(name);
  const push = (keys: BigUint64Array, value: number, from?: number) =>
    table.push(keys, new Float32Array(2 * keys.length).fill(value), {
      ...(from !== undefined && {
        sources: {
          group: name,
          generation: 1,
          ranges: [{ partition: 0, incarnation: 'log', from, to: from + 10 }],
        },
      }),
    });
  return { table, push };
}

/** Where a subscriber stands that has all of now. */
async function positions(table: Awaited<ReturnType<typeof newTable>>['table']): Promise<TableCursor> {
  for await (const { cursor } of table.subscribe())
    if (Object.keys(cursor.shards).length === 2) return cursor;
  throw new Error('the subscription ended');
}

describe('lastChanges', () => {
  it('names the push, its source ranges and its gradient; none where a key was never pushed', async () => {
    const { table, push } = await newTable('named');
    await weir.sources('named').acquire(1, [{ partition: 0, incarnation: 'log', start: 40 }]);
    await push(KEYS, 1, 40);
    await push(KEYS.subarray(0, 10), 2, 50);
    const changes = await table.lastChanges(BigUint64Array.of(...KEYS, 99n));
    const found = changes.map((change) =>
      change.kind === 'push'
        ? [change.push.client, change.push.sources[0]!.from, ...change.gradient]
        : change.kind,
    );
    expect(found).toEqual([
      ...Array.from({ length: 10 }, () => ['trainer-7', 50, 2, 2]),
      ...Array.from({ length: 10 }, () => ['trainer-7', 40, 1, 1]),
      'none',
    ]);
    expect(changes[0]).toMatchObject({
      push: { sources: [{ group: 'named', partition: 0, generation: 1, from: 50, to: 60 }] },
    });
  });

  it('looks no further than the position asked for, over a restart of a shard too', async () => {
    const { table, push } = await newTable('versions');
    await push(KEYS, 1);
    const at = await positions(table);
    await push(KEYS, 2);
    await cluster.restart(0);
    const gradients = async (options: { at?: TableCursor }) =>
      (await table.lastChanges(KEYS, options)).map((change) =>
        change.kind === 'push' ? change.gradient[0] : change.kind,
      );
    expect(new Set(await gradients({ at }))).toEqual(new Set([1]));
    expect(new Set(await gradients({}))).toEqual(new Set([2]));
    const shards = Object.fromEntries(
      Object.keys(at.shards).map((shard) => [shard, { logIncarnation: 'of another log', seq: 1 }]),
    );
    expect(new Set(await gradients({ at: { ...at, shards } }))).toEqual(new Set(['lost']));
  });

  it('says how far back the log goes once it is trimmed', async () => {
    const { table, push } = await newTable('trimmed');
    await push(KEYS, 1);
    await Promise.all(
      cluster.admins.map((admin) => fetch(`http://${admin}/materialise`, { method: 'POST' })),
    );
    await push(KEYS.subarray(0, 1), 2);
    const changes = await table.lastChanges(KEYS);
    expect(changes.map(({ kind }) => kind)).toEqual(['push', ...Array.from({ length: 19 }, () => 'older')]);
    for (const change of changes) if (change.kind === 'older') expect(change.searchedFrom).toBeGreaterThan(2);
  });
});
