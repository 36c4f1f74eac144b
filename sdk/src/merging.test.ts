// Pushes that wait for the same shard go as one record: what each caller sees of it, against a scripted shard, which
// tells what it was sent, and against a real one, which refuses by its own rules.
import { WeirError } from '@weir/proto';
import { type Cluster, startCluster } from '@weir/ps/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ConnectOptions, connect, OutcomeUnknownError, type PushResult, type Table } from './index.ts';
import { PUSH_BYTES_IN_FLIGHT_DEFAULT } from './limits.ts';
import { ScriptedShard, scriptedRouting } from './testing/scripted-shard.ts';

/** Nothing in these tests waits for it: a record is full, or something else waits, before it passes. */
const LONG_MS = 10_000;
const ONE = Float32Array.of(1);
const key = (of: number): BigUint64Array => BigUint64Array.of(BigInt(of));
const errorOf = (promise: Promise<unknown>): Promise<WeirError> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: WeirError) => error,
  );

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function scripted(options: Partial<ConnectOptions>): Promise<{ shard: ScriptedShard; table: Table }> {
  const shard = new ScriptedShard('a');
  await shard.listen();
  cleanups.push(() => shard.die());
  shard.routing = scriptedRouting(1, [shard], () => 0);
  const weir = await connect({ seeds: [shard.address], clientId: 'test', timeoutMs: 10_000, ...options });
  cleanups.push(() => weir.close());
  return { shard, table: await weir.table('sums') };
}

const keysSent = (shard: ScriptedShard): bigint[][] => shard.pushes.map(({ keys }) => [...keys]);
const numbersUsed = (shard: ScriptedShard): number[] => [...shard.applied.values()].flat();

describe('pushes that wait for the same shard', () => {
  it('go as one record of whole pushes, in order; each caller gets its acknowledgement', async () => {
    const { shard, table } = await scripted({});
    const pushes = [[1, 2], [2], [3, 1]].map((keys) =>
      table.push(BigUint64Array.from(keys, BigInt), new Float32Array(keys.length).fill(1)),
    );
    const results = await Promise.all(pushes);
    expect(keysSent(shard)).toEqual([[1n, 2n, 2n, 3n, 1n]]);
    expect(results.map(({ acks }) => acks)).toEqual(Array(3).fill([{ shard: 'a', seq: 1 }]));
  });

  it('are not merged beyond batchRows, and not at all when it is 1', async () => {
    const merged = await scripted({ batchRows: 2 });
    await Promise.all([1, 2, 3, 4, 5].map((each) => merged.table.push(key(each), ONE)));
    expect(keysSent(merged.shard)).toEqual([[1n, 2n], [3n, 4n], [5n]]);
    const single = await scripted({ batchRows: 1 });
    await Promise.all([1, 2].map((each) => single.table.push(key(each), ONE)));
    expect(keysSent(single.shard)).toEqual([[1n], [2n]]);
  });

  it('carry the oldest origin time that is known', async () => {
    const { shard, table } = await scripted({});
    await Promise.all([0, 900, 700].map((originTimeMs) => table.push(key(1), ONE, { originTimeMs })));
    await table.push(key(1), ONE);
    expect(shard.pushes.map(({ originTimeMs }) => originTimeMs)).toEqual([700, 0]);
  });

  it('linger until a record is full', async () => {
    const { shard, table } = await scripted({ lingerMs: LONG_MS, batchRows: 3 });
    await Promise.all([table.push(key(1), ONE), table.push(key(2), ONE), table.push(key(3), ONE)]);
    const late = table.push(key(4), ONE);
    const large = table.push(BigUint64Array.of(5n, 6n, 7n), new Float32Array(3));
    await Promise.all([late, large]);
    expect(keysSent(shard)).toEqual([[1n, 2n, 3n], [4n], [5n, 6n, 7n]]);
  });

  it('linger no longer than lingerMs', async () => {
    const { shard, table } = await scripted({ lingerMs: 5 });
    await table.push(key(1), ONE);
    await Promise.all([table.push(key(2), ONE), table.push(key(3), ONE)]);
    expect(keysSent(shard)).toEqual([[1n], [2n, 3n]]);
  });

  it('can be withdrawn while they linger: nothing of them is sent, and no number is used', async () => {
    const { shard, table } = await scripted({ lingerMs: LONG_MS, batchRows: 3 });
    const ending = new AbortController();
    const withdrawn = errorOf(table.push(key(1), ONE, { signal: ending.signal }));
    const late = errorOf(table.push(key(2), ONE, { timeoutMs: 5 }));
    await table.pull(key(1));
    ending.abort();
    expect((await withdrawn).code).toBe('CANCELLED');
    expect((await late).code).toBe('DEADLINE_EXCEEDED');
    await Promise.all([3, 4, 5].map((each) => table.push(key(each), ONE)));
    expect(keysSent(shard)).toEqual([[3n, 4n, 5n]]);
    expect(numbersUsed(shard)).toEqual([1]);
  });

  it('come again one by one, under new numbers, when their record is refused for one of them', async () => {
    const { shard, table } = await scripted({});
    shard.script = (_, keys) => {
      const keyIndex = keys.indexOf(2n);
      return keyIndex < 0 ? 'apply' : new WeirError('NOT_FINITE', 'NaN', { table: 'uid-sums', keyIndex });
    };
    const good = [table.push(key(1), ONE)];
    const bad = errorOf(table.push(BigUint64Array.of(7n, 2n), new Float32Array(2)));
    good.push(table.push(key(3), ONE));
    expect((await Promise.all(good)).map(({ acks }) => acks.length)).toEqual([1, 1]);
    expect(await bad).toMatchObject({ code: 'NOT_FINITE', keyIndex: 1 });
    expect(keysSent(shard)).toEqual([[1n], [3n]]);
    // 1 was the record, 3 the bad push by itself.
    expect(numbersUsed(shard)).toEqual([2, 4]);
    expect(shard.gaps).toEqual([]);
  });

  it('are all split anew when the shard no longer owns a key of one of them', async () => {
    const { shard, table } = await scripted({});
    const heir = new ScriptedShard('b');
    await heir.listen();
    cleanups.push(() => heir.die());
    shard.routing = scriptedRouting(2, [shard, heir], () => 1);
    heir.routing = shard.routing;
    shard.script = () => new WeirError('NOT_OWNER', 'moved', { epoch: 2 });
    const results = await Promise.all([table.push(key(1), ONE), table.push(key(2), ONE)]);
    expect(results.flatMap(({ acks }) => acks.map((ack) => ack.shard))).toEqual(['b', 'b']);
    expect(Object.fromEntries(heir.sums)).toEqual({ 1: 1, 2: 1 });
  });

  it('count once when the answer to their record is lost', async () => {
    const { shard, table } = await scripted({});
    shard.script = (number) => (number === 1 ? 'lose' : 'apply');
    await Promise.all([table.push(key(1), ONE), table.push(key(2), ONE)]);
    expect(Object.fromEntries(shard.sums)).toEqual({ 1: 1, 2: 1 });
  });

  it('that were given up after they were sent are OUTCOME_UNKNOWN one by one, and each can be retried', async () => {
    const { shard, table } = await scripted({});
    shard.script = () => 'mute';
    const ending = new AbortController();
    const givenUp = errorOf(table.push(key(1), ONE, { signal: ending.signal }));
    const patient = table.push(key(2), ONE);
    while (shard.sums.size < 2) await new Promise(setImmediate);
    ending.abort();
    const error = await givenUp;
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    shard.script = () => 'apply';
    shard.acknowledge();
    expect((await patient).acks).toEqual([{ shard: 'a', seq: 1 }]);
    expect((await (error as OutcomeUnknownError).retry()).acks).toEqual([{ shard: 'a', seq: 1 }]);
    expect(Object.fromEntries(shard.sums)).toEqual({ 1: 1, 2: 1 });
  });

  it('wait in their callers when inFlightBytesMax is reached, and are merged meanwhile', async () => {
    const { shard, table } = await scripted({ inFlightBytesMax: 1 });
    shard.script = () => 'mute';
    const first = table.push(key(1), ONE);
    while (shard.sums.size < 1) await new Promise(setImmediate);
    const more = [2, 3, 4].map((each) => table.push(key(each), ONE));
    for (let roundTrip = 0; roundTrip < 20; roundTrip++) await table.pull(key(1));
    expect(keysSent(shard)).toEqual([[1n]]);
    shard.script = () => 'apply';
    shard.acknowledge();
    await Promise.all([first, ...more]);
    expect(keysSent(shard).flat()).toEqual([1n, 2n, 3n, 4n]);
  });
});

it.each([
  ['batchRows', 0],
  ['batchRows', 1.5],
  ['lingerMs', -1],
  ['lingerMs', Number.NaN],
  ['lingerMs', 1e6],
  ['inFlightBytesMax', 0],
  ['inFlightBytesMax', 100 * PUSH_BYTES_IN_FLIGHT_DEFAULT],
])('connect refuses %s %s', async (name, value) => {
  await expect(connect({ seeds: ['127.0.0.1:1'], clientId: 'test', [name]: value })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(name),
  });
});

describe('merged pushes at a real shard', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ shards: 1 });
  });
  afterAll(() => cluster?.stop());

  it('fail by themselves for a NaN or a dropped table, and the others are applied once', async () => {
    await using weir = await connect({
      seeds: cluster.seeds,
      clientId: 'test',
      lingerMs: LONG_MS,
      batchRows: 5,
    });
    for (const name of ['good', 'gone']) {
      await weir.tables.create({ name, dim: 1, optimizer: { kind: 'sum' } });
    }
    const [good, gone] = [await weir.table('good'), await weir.table('gone')];
    await weir.tables.drop('gone');
    const fine: Promise<PushResult>[] = [good.push(key(1), ONE)];
    const notFinite = errorOf(good.push(key(1), Float32Array.of(Number.NaN)));
    fine.push(good.push(key(1), ONE));
    const dropped = errorOf(gone.push(key(1), ONE));
    fine.push(good.push(key(2), ONE));
    await Promise.all(fine);
    expect(await notFinite).toMatchObject({ code: 'NOT_FINITE', table: 'default/good', keyIndex: 0 });
    expect(await dropped).toMatchObject({ code: 'TABLE_NOT_FOUND', table: 'default/gone' });
    expect([...(await good.pull(BigUint64Array.of(1n, 2n)))]).toEqual([2, 1]);
  });

  it('keep duplicate keys in order, within a push and between merged ones', async () => {
    await using weir = await connect({
      seeds: cluster.seeds,
      clientId: 'test',
      lingerMs: LONG_MS,
      batchRows: 4,
    });
    await weir.tables.create({ name: 'last', dim: 1, optimizer: { kind: 'assign' } });
    const last = await weir.table('last');
    const acks = await Promise.all([
      last.push(BigUint64Array.of(1n, 1n), Float32Array.of(10, 11)),
      last.push(BigUint64Array.of(2n, 1n), Float32Array.of(20, 12)),
    ]);
    expect(acks[0]).toEqual(acks[1]);
    expect([...(await last.pull(BigUint64Array.of(1n, 2n)))]).toEqual([12, 20]);
  });
});
