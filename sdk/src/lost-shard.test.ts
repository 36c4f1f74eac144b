// A shard that lost its disk and came back with an empty folder, among others that kept theirs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from './connect.ts';

const KEYS = BigUint64Array.from({ length: 64 }, (_, key) => BigInt(key));
const TABLE = { name: 'kept', dim: 1, optimizer: { kind: 'sum' } } as const;

let dir: string;
let cluster: Cluster;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-lost-'));
  cluster = await startCluster({ shards: 2, dir });
});

afterAll(async () => {
  await cluster?.stop();
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
});

describe('a table of which a shard has lost its part', () => {
  // One of the two is the home of the table's name.
  it.each([0, 1])('is made again beside the rows of the others (shard %i)', async (shard) => {
    await using weir = await connect({ seeds: cluster.seeds, clientId: `test-${shard}` });
    await weir.tables.create(TABLE);
    const table = await weir.table('kept');
    await table.push(KEYS, new Float32Array(KEYS.length).fill(1));
    const before = await table.pull(KEYS);

    await cluster.kill(shard);
    await rm(join(dir, `shard-${shard}`), { recursive: true });
    await cluster.restart(shard);
    await using other = await connect({ seeds: cluster.seeds, clientId: `after-${shard}` });
    const differing = other.tables.create({ ...TABLE, dim: 2 });
    await expect(differing).rejects.toMatchObject({ code: 'TABLE_EXISTS' });
    const { shards } = await other.tables.create(TABLE);
    expect(shards.filter(({ changed }) => changed)).toEqual([{ shard: `shard-${shard}`, changed: true }]);
    const after = await (await other.table('kept')).pull(KEYS);
    const kept = after.filter((row, key) => row === before[key]);
    expect(kept.length).toBeGreaterThan(8);
    expect(after.filter((row) => row === 0).length).toBe(KEYS.length - kept.length);
    await (await other.table('kept')).push(KEYS, new Float32Array(KEYS.length).fill(1));
    expect((await (await other.table('kept')).pull(KEYS)).every((row) => row > 0)).toBe(true);
  });
});
