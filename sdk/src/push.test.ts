// Pushes against shards that misbehave in every way the protocol allows.
import { PUSHES_IN_FLIGHT_MAX, WeirError } from '@weir/proto';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ConnectOptions,
  connect,
  OutcomeUnknownError,
  type PushResult,
  type Table,
  type Weir,
} from './index.ts';
import { PUSH_BYTES_IN_FLIGHT_DEFAULT } from './limits.ts';
import { keysOwnedBy, ScriptedShard, scriptedRouting } from './testing/scripted-shard.ts';

/** Even slots belong to the first shard, odd ones to the second. */
const byParity = (slot: number): number => slot % 2;
const [KEY_A] = keysOwnedBy(0, 1, byParity);
const [KEY_B] = keysOwnedBy(1, 1, byParity);
const BOTH = BigUint64Array.of(KEY_A!, KEY_B!);
const ONES = Float32Array.of(1, 1);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function twoShards(
  options: Partial<ConnectOptions> = {},
): Promise<{ a: ScriptedShard; b: ScriptedShard; weir: Weir; table: Table }> {
  const a = new ScriptedShard('a');
  const b = new ScriptedShard('b');
  for (const shard of [a, b]) {
    await shard.listen();
    cleanups.push(() => shard.die());
  }
  const routing = scriptedRouting(1, [a, b], byParity);
  a.routing = routing;
  b.routing = routing;
  const weir = await connect({ seeds: [a.address], clientId: 'test', timeoutMs: 10_000, ...options });
  cleanups.push(() => weir.close());
  return { a, b, weir, table: await weir.table('sums') };
}

const numbersOf = (shard: ScriptedShard): number[][] => [...shard.applied.values()];

async function outcomeUnknown(push: Promise<PushResult>): Promise<OutcomeUnknownError> {
  const error: unknown = await push.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(OutcomeUnknownError);
  return error as OutcomeUnknownError;
}

type Shards = { a: ScriptedShard; b: ScriptedShard; table: Table };

/** A push that is given up once both shards have it and only the first has said so. */
async function givenUp({ a, b, table }: Shards): Promise<OutcomeUnknownError> {
  const sums = () => [a.sums.get(KEY_A!) ?? 0, b.sums.get(KEY_B!) ?? 0];
  const before = sums();
  const ending = new AbortController();
  b.script = () => 'mute';
  const unknown = outcomeUnknown(table.push(BOTH, ONES, { signal: ending.signal }));
  while (sums().some((sum, i) => sum === before[i])) await new Promise(setImmediate);
  // Answers of one connection come in order: after this one, the first shard's acknowledgement is here.
  await table.pull(BigUint64Array.of(KEY_A!));
  ending.abort();
  return await unknown;
}

/** Until the client has seen that its connection to a shard is gone. */
async function noticed(weir: Weir, shard: string): Promise<void> {
  for (;;) {
    const status = (await weir.describeShards()).find((one) => one.shard === shard)!;
    if ('error' in status && status.error.code === 'UNAVAILABLE') return;
  }
}

describe('a push', () => {
  it('is sent again under its number when the answer was lost, and applied once', async () => {
    const { a, table } = await twoShards({ batchRows: 1 });
    a.script = (number) => (number === 2 ? 'lose' : 'apply');
    await Promise.all(Array.from({ length: 5 }, () => table.push(BOTH, ONES)));
    expect(a.sums.get(KEY_A!)).toBe(5);
    expect(numbersOf(a)).toEqual([[1, 2, 3, 4, 5]]);
  });

  it('waits for the hint of an overloaded shard, and keeps order and numbers', async () => {
    const { a, table } = await twoShards({ batchRows: 1 });
    let refusals = 0;
    a.script = (number) =>
      number === 2 && refusals++ < 2 ? new WeirError('OVERLOADED', 'full', { retryAfterMs: 5 }) : 'apply';
    await Promise.all(Array.from({ length: 4 }, () => table.push(BOTH, ONES)));
    expect(numbersOf(a)).toEqual([[1, 2, 3, 4]]);
    expect(a.gaps).toEqual([]);
  });

  it('is split anew under new numbers when a shard no longer owns its keys', async () => {
    const { a, b, weir, table } = await twoShards();
    await table.push(BOTH, ONES);
    const moved = scriptedRouting(2, [a, b], () => 1);
    b.routing = moved;
    a.routing = moved;
    a.script = () => new WeirError('NOT_OWNER', 'moved', { epoch: 2 });
    const { acks } = await table.push(BOTH, ONES);
    expect(acks.map(({ shard }) => shard)).toEqual(['b']);
    expect(weir.routing().epoch).toBe(2);
    expect(Object.fromEntries(b.sums)).toEqual({ [String(KEY_A)]: 1, [String(KEY_B)]: 2 });
    expect(numbersOf(b)).toEqual([[1, 2, 3]]);
    expect(b.gaps).toEqual([]);
  });

  it("names the key in the caller's arrays, the table and the shard when it is refused", async () => {
    const { b, table } = await twoShards();
    b.script = () => new WeirError('NOT_FINITE', 'row 1 is NaN', { table: 'uid-sums', keyIndex: 1 });
    const odd = keysOwnedBy(1, 2, byParity);
    const keys = BigUint64Array.of(KEY_A!, odd[0]!, KEY_A!, odd[1]!);
    await expect(table.push(keys, new Float32Array(4))).rejects.toMatchObject({
      code: 'NOT_FINITE',
      table: 'default/sums',
      shard: 'b',
      keyIndex: 3,
      message: expect.stringContaining('applied by a'),
    });
    b.script = () => 'apply';
    await table.push(BOTH, ONES);
    expect(b.gaps).toEqual([]);
  });

  it('ends as OUTCOME_UNKNOWN when one shard is silent; retry keeps the number, and later pushes fit behind it', async () => {
    const { a, b, table } = await twoShards();
    const error = await givenUp({ a, b, table });
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', shards: ['b'], acks: [{ shard: 'a' }] });
    expect((await outcomeUnknown(error.retry({ timeoutMs: 20 }))).shards).toEqual(['b']);
    b.script = () => 'apply';
    await table.push(BOTH, ONES);
    const { acks } = await error.retry();
    expect(acks.map(({ shard }) => shard).sort()).toEqual(['a', 'b']);
    expect([a.sums.get(KEY_A!), b.sums.get(KEY_B!)]).toEqual([2, 2]);
    expect(numbersOf(b)).toEqual([[1, 2]]);
  });

  it('keeps the number of a push that was given up, also over a lost connection', async () => {
    const { a, b, table } = await twoShards();
    const port = Number(b.address.split(':')[1]);
    await givenUp({ a, b, table });
    await givenUp({ a, b, table });
    b.die();
    b.script = () => 'apply';
    await b.listen(port);
    await table.push(BOTH, ONES);
    expect(numbersOf(b)).toEqual([[1, 2, 3]]);
    expect(b.gaps).toEqual([]);
    expect(b.sums.get(KEY_B!)).toBe(3);
  });

  it('that ended before anything was sent uses no number and is not applied', async () => {
    const { b, weir, table } = await twoShards();
    const port = Number(b.address.split(':')[1]);
    const onlyB = BigUint64Array.of(KEY_B!);
    await table.push(onlyB, Float32Array.of(1));
    b.die();
    await noticed(weir, 'b');
    await expect(table.push(onlyB, Float32Array.of(10), { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining(b.address),
    });
    const signal = AbortSignal.abort();
    await expect(table.push(onlyB, Float32Array.of(10), { signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await b.listen(port);
    await table.push(onlyB, Float32Array.of(1));
    expect(numbersOf(b)).toEqual([[1, 2]]);
    expect(b.sums.get(KEY_B!)).toBe(2);
  });

  it('that is aborted while it waits for room is taken back, and what was sent before it is not', async () => {
    const { b, table } = await twoShards({ inFlightBytesMax: 1 });
    b.script = () => 'mute';
    const ending = new AbortController();
    const push = () => table.push(BigUint64Array.of(KEY_B!), Float32Array.of(1), { signal: ending.signal });
    const sent = outcomeUnknown(push());
    while (b.sums.size === 0) await new Promise(setImmediate);
    const waiting = push();
    ending.abort('enough');
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED', cause: 'enough' });
    expect((await sent).cause).toMatchObject({ code: 'CANCELLED', cause: 'enough' });
    b.script = () => 'apply';
    b.acknowledge();
    await table.push(BOTH, ONES);
    expect(b.sums.get(KEY_B!)).toBe(2);
  });

  it('that is aborted while it looks for the new owner of its keys is not applied', async () => {
    const { a, b, table } = await twoShards();
    const ending = new AbortController();
    const { routing } = a;
    Object.defineProperty(a, 'routing', {
      get() {
        ending.abort();
        return routing;
      },
    });
    b.script = () => new WeirError('NOT_OWNER', 'moved', { epoch: 2 });
    const push = table.push(BigUint64Array.of(KEY_B!), Float32Array.of(1), { signal: ending.signal });
    await expect(push).rejects.toMatchObject({ code: 'CANCELLED' });
    b.script = () => 'apply';
    await table.push(BOTH, ONES);
    expect(b.sums.get(KEY_B!)).toBe(1);
    expect(b.gaps).toEqual([]);
  });

  it('goes on under a new incarnation when the shard has forgotten the client', async () => {
    const { b, table } = await twoShards();
    await table.push(BOTH, ONES);
    await table.push(BOTH, ONES);
    b.forgetClients();
    await Promise.all([table.push(BOTH, ONES), table.push(BOTH, ONES)]);
    expect(numbersOf(b)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(b.sums.get(KEY_B!)).toBe(4);
  });

  it('is cut into frames and arrives whole, also when the connection is lost in between', async () => {
    const { a, b, table } = await twoShards();
    const keys = BigUint64Array.from({ length: 200_000 }, (_, i) => BigInt(i));
    a.script = (number) => (number === 1 ? 'lose' : 'apply');
    await table.push(keys, new Float32Array(keys.length).fill(2));
    expect(a.framesReceived).toBeGreaterThan(4);
    expect(a.sums.size + b.sums.size).toBe(keys.length);
    expect([...a.sums.values(), ...b.sums.values()].every((sum) => sum === 2)).toBe(true);
  });

  it('is of unknown outcome when its stream is ended for a revoked token: it may be applied', async () => {
    const { b, table } = await twoShards();
    b.script = (number) => (number === 1 ? 'revoke' : 'apply');
    const error = await outcomeUnknown(table.push(BOTH, ONES));
    expect(error.shards).toEqual(['b']);
    expect(error.message).toContain('the token is not known');
    expect((await error.retry()).acks.map(({ shard }) => shard).sort()).toEqual(['a', 'b']);
    expect(b.sums.get(KEY_B!)).toBe(1);
    await table.push(BOTH, ONES);
    expect(numbersOf(b)).toEqual([[1, 2]]);
  });

  it('waits in its caller when a shard has too many bytes unsettled', async () => {
    const { b, weir, table } = await twoShards();
    b.script = () => 'mute';
    const keys = new BigUint64Array(100_000).fill(KEY_B!);
    const values = new Float32Array(keys.length).fill(1);
    const pushes = Array.from({ length: 20 }, () => table.push(keys, values));
    const settled = Promise.all(pushes);
    while (b.bytesReceived < PUSH_BYTES_IN_FLIGHT_DEFAULT - 1_300_000) await new Promise(setImmediate);
    // Time enough for what is not held back to arrive.
    for (let roundTrip = 0; roundTrip < 100; roundTrip++) await weir.describeShards();
    expect(b.bytesReceived).toBeLessThanOrEqual(PUSH_BYTES_IN_FLIGHT_DEFAULT);
    b.script = () => 'apply';
    b.acknowledge();
    await settled;
    expect(b.sums.get(KEY_B!)).toBe(2_000_000);
    expect(numbersOf(b)).toEqual([Array.from({ length: 20 }, (_, i) => i + 1)]);
  });

  it('waits in its caller when a shard has too many pushes unsettled, however small', async () => {
    const { b, weir, table } = await twoShards({ batchRows: 1 });
    b.script = () => 'mute';
    const push = () => table.push(BigUint64Array.of(KEY_B!), Float32Array.of(1));
    const settled = Promise.all(Array.from({ length: PUSHES_IN_FLIGHT_MAX + 10 }, push));
    while (b.framesReceived < PUSHES_IN_FLIGHT_MAX) await new Promise(setImmediate);
    for (let roundTrip = 0; roundTrip < 50; roundTrip++) await weir.describeShards();
    expect(b.framesReceived).toBe(PUSHES_IN_FLIGHT_MAX);
    b.script = () => 'apply';
    b.acknowledge();
    await settled;
    expect(b.sums.get(KEY_B!)).toBe(PUSHES_IN_FLIGHT_MAX + 10);
  });

  it('follows a shard to another address', async () => {
    const { a, b, table } = await twoShards();
    await table.push(BOTH, ONES);
    b.die();
    await b.listen();
    a.routing = scriptedRouting(1, [a, b], byParity);
    b.routing = a.routing;
    await table.push(BOTH, ONES);
    expect(numbersOf(b)).toEqual([[1, 2]]);
  });

  it('fails at once on what a shard refuses for good, and works again after', async () => {
    const { b, table } = await twoShards();
    b.script = () => new WeirError('TABLE_NOT_FOUND', 'no table uid-sums');
    await expect(table.push(BOTH, ONES)).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      table: 'default/sums',
      message: expect.stringContaining('no table default/sums'),
    });
    b.script = () => 'apply';
    await table.push(BOTH, ONES);
  });

  it('that is retried by several at once is one retry, and all get its result', async () => {
    const { a, b, table } = await twoShards();
    const error = await givenUp({ a, b, table });
    const early = [error.retry({ timeoutMs: 20 }), error.retry()];
    for (const one of early) await expect(one).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    const late = [error.retry(), error.retry()];
    b.script = () => 'apply';
    b.acknowledge();
    const [first, second] = await Promise.all(late);
    expect(first).toBe(second);
    expect(await error.retry()).toEqual(first);
    expect(numbersOf(b)).toEqual([[1]]);
  });

  it('that was sent before its shard refused all streams may be applied: OUTCOME_UNKNOWN, number kept', async () => {
    const { b, table } = await twoShards();
    const port = Number(b.address.split(':')[1]);
    b.script = () => 'mute';
    const sent = outcomeUnknown(table.push(BOTH, ONES));
    while (b.sums.size === 0) await new Promise(setImmediate);
    b.turnsAway = new WeirError('PERMISSION_DENIED', 'not you');
    b.die();
    await b.listen(port);
    const error = await sent;
    expect(error).toMatchObject({ shards: ['b'], cause: { code: 'PERMISSION_DENIED', shard: 'b' } });
    // What comes now was never sent: it is refused as such.
    await expect(table.push(BOTH, ONES)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', shard: 'b' });
    expect((await outcomeUnknown(error.retry())).shards).toEqual(['b']);
    b.turnsAway = undefined;
    b.script = () => 'apply';
    await table.push(BOTH, ONES);
    expect((await error.retry()).acks.map(({ shard }) => shard).sort()).toEqual(['a', 'b']);
    expect(b.sums.get(KEY_B!)).toBe(2);
    expect(numbersOf(b)).toEqual([[1, 2]]);
    expect(b.gaps).toEqual([]);
  });

  it('under way at close ends as OUTCOME_UNKNOWN; draining waits for it instead', async () => {
    const closed = await twoShards();
    closed.b.script = () => 'mute';
    const unknown = outcomeUnknown(closed.table.push(BOTH, ONES));
    while (closed.b.sums.size === 0) await new Promise(setImmediate);
    await closed.weir.close();
    const error = await unknown;
    await expect(error.retry()).rejects.toMatchObject({ code: 'CANCELLED' });

    const drained = await twoShards();
    await givenUp(drained);
    const waiting = drained.table.push(BOTH, ONES);
    const draining = drained.weir.drain();
    await expect(drained.table.push(BOTH, ONES)).rejects.toMatchObject({ code: 'CANCELLED' });
    while (numbersOf(drained.b)[0]?.length !== 2) await new Promise(setImmediate);
    drained.b.acknowledge();
    await draining;
    expect((await waiting).acks.length).toBe(2);
  });
});
