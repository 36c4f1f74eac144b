// The client against real shards, each a process with its data on disk.
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, OutcomeUnknownError, type Weir } from './index.ts';
import { MapReplica } from './testing/map-replica.ts';

let cluster: Cluster;
let weir: Weir;
beforeAll(async () => {
  cluster = await startCluster({ shards: 3 });
  weir = await connect({ seeds: cluster.seeds, clientId: 'test' });
});
afterAll(async () => {
  await weir?.close();
  await cluster?.stop();
});

const keysFrom = (count: number, of: (i: number) => bigint | number): BigUint64Array =>
  BigUint64Array.from({ length: count }, (_, i) => BigInt(of(i)));

describe('the client', () => {
  it('runs the example as it stands', async () => {
    const seeds = cluster.seeds;
    const clientId = 'example';
    const signal = AbortSignal.timeout(10_000);
    const cursor = undefined;
    const keys = BigUint64Array.of(7n, 42n, 2n ** 64n - 1n);
    const gradients = new Float32Array(3 * 16).fill(0.1);

    await using weir = await connect({ seeds, clientId });
    await weir.tables.create({
      name: 'doc',
      dim: 16,
      optimizer: { kind: 'adagrad', learningRate: 0.05, initialAccumulator: 0.01 },
      initializer: { kind: 'zero' },
    });
    const table = await weir.table('doc');
    const { acks } = await table.push(keys, gradients);
    const rows = await table.pull(keys);
    for await (const delta of table.subscribe({ cursor, signal })) {
      if (delta.keys.includes(42n)) {
        expect(delta.weights.slice(0, 1)).toEqual(rows.slice(0, 1));
        expect(delta.tombstones.length).toBe(0);
        expect(Object.keys(delta.cursor)).toEqual(['tableUid', 'shards']);
        break;
      }
    }

    expect(acks.length).toBeGreaterThan(0);
    // Adagrad: -0.05 x 0.1 / sqrt(0.01 + 0.1^2).
    expect(rows.length).toBe(48);
    for (const weight of rows) expect(weight).toBeCloseTo((-0.05 * 0.1) / Math.sqrt(0.02), 6);
  });

  it('pulls rows in the order of keys, duplicates too, over all shards and many requests', async () => {
    await weir.tables.create({ name: 'order', dim: 3, optimizer: { kind: 'assign' } });
    const table = await weir.table('order');
    const keys = keysFrom(30_000, (i) => (BigInt(i) * 0x9e37_79b9_7f4a_7c15n) % 2n ** 64n);
    const { acks } = await table.push(
      keys,
      Float32Array.from({ length: keys.length * 3 }, (_, i) => i),
    );
    expect(acks.map(({ shard }) => shard).sort()).toEqual(['shard-0', 'shard-1', 'shard-2']);

    const asked = Array.from({ length: 40_000 }, (_, i) => (i * 7919) % 30_000);
    const rows = await table.pull(BigUint64Array.from(asked, (i) => keys[i]!));
    const wrong = asked.findIndex((i, at) => [0, 1, 2].some((j) => rows[at * 3 + j] !== i * 3 + j));
    expect(wrong).toBe(-1);
  });

  it('pushes to several tables at once, named or held, and gives unknown keys their initial value', async () => {
    await weir.tables.create({ name: 'shop/a', dim: 1, optimizer: { kind: 'sum' } });
    await weir.tables.create({
      name: 'shop/b',
      dim: 2,
      optimizer: { kind: 'sum' },
      initializer: { kind: 'constant', value: 0.5 },
    });
    const b = await weir.table('shop/b');
    const keys = keysFrom(10, (i) => i);
    const ones = new Float32Array(10).fill(1);
    const pushed = weir.push([
      { table: 'shop/a', keys, gradients: ones },
      { table: b, keys, gradients: new Float32Array(20).fill(2) },
    ]);
    // The arrays are the caller's again, though the name is still being looked up.
    ones.fill(100);
    await pushed;
    expect([...(await (await weir.table('shop/a')).pull(keys))]).toEqual(Array(10).fill(1));
    expect([...(await b.pull(BigUint64Array.of(9n, 10n)))]).toEqual([2.5, 2.5, 0.5, 0.5]);
  });

  it('creates a table once, whoever asks first, and refuses another definition under its name', async () => {
    await using other = await connect({ seeds: cluster.seeds, clientId: 'other' });
    const definition = { name: 'once', dim: 2, optimizer: { kind: 'sgd', learningRate: 0.1 } } as const;
    const created = await Promise.all(
      [weir, other, weir, other].map((client) => client.tables.create(definition)),
    );
    expect(new Set(created.map(({ spec }) => spec.uid)).size).toBe(1);
    expect(created.flatMap(({ shards }) => shards).filter(({ changed }) => changed).length).toBe(3);
    await expect(weir.tables.create({ ...definition, dim: 3 })).rejects.toMatchObject({
      code: 'TABLE_EXISTS',
      table: 'default/once',
      message: expect.stringContaining('dim'),
    });
  });

  it('alters a table everywhere: later pushes go by the new definition, and rows stay', async () => {
    const optimizer = { kind: 'adagrad', learningRate: 0.5, initialAccumulator: 1 } as const;
    const { spec } = await weir.tables.create({ name: 'altered', dim: 1, optimizer, ttlMs: 60_000 });
    const table = await weir.table('altered');
    const keys = keysFrom(50, (i) => i);
    const ones = new Float32Array(50).fill(1);
    await table.push(keys, ones);
    const before = await table.pull(keys);

    const changes = {
      optimizer: { learningRate: 0.25 },
      ttlMs: 0,
      admission: { kind: 'count', count: 3 },
    } as const;
    const altered = await weir.tables.alter('altered', changes);
    expect(altered.shards.map(({ changed }) => changed)).toEqual([true, true, true]);
    const { ttlMs: _, ...rest } = spec;
    const now = { ...rest, optimizer: { ...optimizer, learningRate: 0.25 }, admission: changes.admission };
    expect(altered.spec).toEqual(now);
    expect((await weir.tables.describe('altered')).spec).toEqual(now);
    const again = await weir.tables.alter('altered', changes);
    expect(again.shards.map(({ changed }) => changed)).toEqual([false, false, false]);

    await table.push(keys, ones);
    const steps = (await table.pull(keys)).map((weight, i) => weight - before[i]!);
    for (const step of steps) expect(step).toBeCloseTo(-0.25 / Math.sqrt(3), 5);
    // New keys need three updates now.
    const fresh = BigInt(1_000);
    for (const weight of [0, 0, -0.25 / Math.sqrt(2)]) {
      await table.push(BigUint64Array.of(fresh), Float32Array.of(1));
      expect((await table.pull(BigUint64Array.of(fresh)))[0]).toBeCloseTo(weight, 5);
    }
  });

  it('lets rows expire, and tells a subscriber', async () => {
    await weir.tables.create({ name: 'short', dim: 1, optimizer: { kind: 'sum' }, ttlMs: 300 });
    const table = await weir.table('short');
    const keys = keysFrom(40, (i) => i);
    const replica = new MapReplica();
    const gone = new Set<bigint>();
    for await (const delta of table.subscribe()) {
      const before = replica.seqs.size;
      replica.apply(delta);
      // Once it has every shard's snapshot, so that it hears of every row.
      if (before < 3 && replica.seqs.size === 3) await table.push(keys, new Float32Array(40).fill(1));
      for (const key of delta.tombstones) gone.add(key);
      if (gone.size === 40) break;
    }
    expect(replica.size).toBe(0);
    expect([...(await table.pull(BigUint64Array.of(1n, 2n)))]).toEqual([0, 0]);
    expect((await weir.tables.describe('short')).rows).toBe(0);
    const metrics = await (await fetch(`http://${cluster.admins[0]}/metrics`)).text();
    expect(metrics).toMatch(/^ps_rows_expired_total [1-9]/m);
    expect(metrics).toMatch(/^ps_admission_held_total \d/m);
    expect(metrics).toMatch(/^ps_table_fullness\{table="default\/short"\} 0/m);
  });

  it('refuses to alter what a table cannot change, naming it', async () => {
    await weir.tables.create({ name: 'fixed', dim: 1, optimizer: { kind: 'sgd', learningRate: 1 } });
    const refusal = (changes: object) => weir.tables.alter('fixed', changes).catch((error: unknown) => error);
    for (const [changes, message] of [
      [{ dim: 2 }, 'dim cannot change'],
      [{ optimizer: { kind: 'adam' } }, 'optimizer.kind cannot change'],
      [{ optimizer: { beta1: 0.5 } }, 'sgd has no beta1'],
      [{ optimizer: { learningRate: -1 } }, 'optimizer.learningRate must be above 0'],
      [{ admission: { kind: 'count', count: 0 } }, 'admission.count'],
      [{ rowsMax: 10, memoryRowsMax: 20 }, 'memoryRowsMax goes with neither'],
    ] as const) {
      expect(await refusal(changes)).toMatchObject({
        code: 'INVALID_ARGUMENT',
        table: 'default/fixed',
        message: expect.stringContaining(message),
      });
    }
    await expect(weir.tables.alter('nowhere', { ttlMs: 1 })).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
    });
  });

  it('lists, describes and drops; a held table does not become its successor', async () => {
    const definition = { name: 'gone', dim: 1, optimizer: { kind: 'sum' } } as const;
    await weir.tables.create(definition);
    const table = await weir.table('gone');
    await table.push(
      keysFrom(100, (i) => i),
      new Float32Array(100).fill(1),
    );
    const described = await weir.tables.describe('gone');
    expect(described).toMatchObject({ spec: { name: 'default/gone', uid: table.uid }, rows: 100 });
    expect(described.shards.map(({ shard }) => shard)).toEqual(['shard-0', 'shard-1', 'shard-2']);
    expect((await weir.tables.list()).map(({ spec }) => spec.name)).toContain('default/gone');

    const { shards } = await weir.tables.drop('gone');
    expect(shards.every(({ changed }) => changed)).toBe(true);
    const notFound = { code: 'TABLE_NOT_FOUND', table: 'default/gone' };
    await expect(weir.table('gone')).rejects.toMatchObject(notFound);
    await expect(weir.tables.drop('gone')).rejects.toMatchObject(notFound);
    await weir.tables.create(definition);
    await expect(table.pull(BigUint64Array.of(1n))).rejects.toMatchObject(notFound);
    await expect(table.push(BigUint64Array.of(1n), Float32Array.of(1))).rejects.toMatchObject(notFound);
    const following = async (): Promise<void> => {
      for await (const _ of table.subscribe());
    };
    await expect(following()).rejects.toMatchObject(notFound);
    expect([...(await (await weir.table('gone')).pull(BigUint64Array.of(1n)))]).toEqual([0]);
  });

  it('refuses what is wrong with code, table and key index, and applies nothing of it', async () => {
    await weir.tables.create({ name: 'strict', dim: 2, optimizer: { kind: 'sum' } });
    const table = await weir.table('strict');
    const keys = keysFrom(50, (i) => i);
    const values = new Float32Array(100).fill(1);
    await expect(weir.table('nowhere')).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      table: 'default/nowhere',
    });
    await expect(table.push(keys, new Float32Array(99))).rejects.toMatchObject({
      code: 'DIMENSION_MISMATCH',
      table: 'default/strict',
    });
    const big = keysFrom(5_000_000, (i) => i);
    await expect(table.push(big, new Float32Array(10_000_000))).rejects.toMatchObject({
      code: 'PUSH_TOO_LARGE',
    });
    await expect(
      weir.push([
        { table, keys, gradients: values },
        { table: 'strict', keys, gradients: values },
      ]),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(weir.tables.create({ name: 'x', dim: 0, optimizer: { kind: 'sum' } })).rejects.toMatchObject(
      { code: 'INVALID_ARGUMENT' },
    );
    await weir.tables.create({ name: 'dropped', dim: 2, optimizer: { kind: 'sum' } });
    const dropped = await weir.table('dropped');
    await weir.tables.drop('dropped');
    const both = [table, dropped].map((one) => ({ table: one, keys, gradients: values }));
    await expect(weir.push(both)).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      table: 'default/dropped',
      message: expect.stringContaining('default/dropped'),
    });
    expect(Math.max(...(await table.pull(keys)))).toBe(0);

    const poisoned = values.slice();
    poisoned[2 * 37 + 1] = Number.NaN;
    const error = await table.push(keys, poisoned).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'NOT_FINITE', table: 'default/strict', keyIndex: 37 });
    await table.push(keys.slice(37, 38), values.slice(0, 2));
    expect([...(await table.pull(keys.slice(37, 38)))]).toEqual([1, 1]);
  });

  it('describes its shards', async () => {
    const shards = await weir.describeShards();
    expect(shards.map(({ shard, address }) => [shard, address])).toEqual(
      cluster.seeds.map((seed, i) => [`shard-${i}`, seed]),
    );
    for (const status of shards) expect(status).toMatchObject({ description: { durability: 'process' } });
  });

  it('follows a table from a cursor without a new snapshot', async () => {
    await weir.tables.create({ name: 'cursor', dim: 1, optimizer: { kind: 'assign' } });
    const table = await weir.table('cursor');
    await table.push(
      keysFrom(100, (i) => i),
      new Float32Array(100),
    );
    const whole = new MapReplica();
    let kept = '';
    for await (const delta of table.subscribe({ intervalMs: 5 })) {
      whole.apply(delta);
      kept = JSON.stringify(delta.cursor);
      if (whole.seqs.size === 3) break;
    }
    expect(whole.size).toBe(100);
    const { acks } = await table.push(BigUint64Array.of(5n), Float32Array.of(55));
    const next = new MapReplica();
    for await (const delta of table.subscribe({ cursor: JSON.parse(kept), intervalMs: 5 })) {
      next.apply(delta);
      if (next.has(acks)) break;
    }
    expect([next.snapshots, next.size, next.get(5n)?.[0]]).toEqual([0, 1, 55]);
    const foreign = table.subscribe({ cursor: { tableUid: 'other', shards: {} } })[Symbol.asyncIterator]();
    await expect(foreign.next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('ends a push as OUTCOME_UNKNOWN while a shard is away; its retry applies it once', async () => {
    await weir.tables.create({ name: 'unknown', dim: 1, optimizer: { kind: 'sum' } });
    const table = await weir.table('unknown');
    const keys = keysFrom(60, (i) => i);
    const ones = new Float32Array(60).fill(1);
    await table.push(keys, ones);
    await cluster.kill(1);
    const error = await table.push(keys, ones, { timeoutMs: 1_000 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true, shards: ['shard-1'] });
    const retrying = (error as OutcomeUnknownError).retry();
    await cluster.restart(1);
    expect((await retrying).acks.length).toBe(3);
    expect([...(await table.pull(keys))]).toEqual(Array(60).fill(2));
  });
});
