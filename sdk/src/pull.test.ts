// Pulls against shards that misbehave, and connecting to them.
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type Table, type Weir, WeirError } from './index.ts';
import { requestsOf } from './pull.ts';
import { keysOwnedBy, ScriptedShard, scriptedRouting } from './testing/scripted-shard.ts';

const byParity = (slot: number): number => slot % 2;
const KEYS = BigUint64Array.from({ length: 50 }, (_, i) => BigInt(i));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function twoShards(
  token?: string,
): Promise<{ a: ScriptedShard; b: ScriptedShard; weir: Weir; table: Table }> {
  const a = new ScriptedShard('a');
  const b = new ScriptedShard('b');
  for (const shard of [a, b]) {
    await shard.listen();
    cleanups.push(() => shard.die());
  }
  a.routing = scriptedRouting(1, [a, b], byParity);
  b.routing = a.routing;
  const weir = await connect({ seeds: [a.address], clientId: 'test', timeoutMs: 10_000, token });
  cleanups.push(() => weir.close());
  const table = await weir.table('sums');
  await table.push(KEYS, Float32Array.from(KEYS, Number));
  return { a, b, weir, table };
}

describe('a pull', () => {
  it('asks the new owner for the keys that a shard refuses, and answers in the order of keys', async () => {
    const { a, b, weir, table } = await twoShards();
    const moved = (slot: number): number => (slot % 4 === 0 ? 1 : byParity(slot));
    for (const [key, sum] of a.sums) b.sums.set(key, sum);
    a.routing = scriptedRouting(2, [a, b], moved);
    b.routing = a.routing;
    expect([...(await table.pull(KEYS))]).toEqual([...KEYS].map(Number));
    expect(weir.routing().epoch).toBe(2);
  });

  it('is asked again on a new connection when the shard comes back', async () => {
    const { b, table } = await twoShards();
    b.die();
    const pulling = table.pull(KEYS);
    await b.listen(Number(b.address.split(':')[1]));
    expect([...(await pulling)]).toEqual([...KEYS].map(Number));
  });

  it('ends at its deadline with the shard that is away, and at once when it is cancelled', async () => {
    const { b, table } = await twoShards();
    b.die();
    const ofB = keysOwnedBy(1, 3, byParity);
    await expect(table.pull(ofB, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      shard: 'b',
      table: 'default/sums',
      message: expect.stringContaining(`b (${b.address}`),
    });
    const controller = new AbortController();
    const pulling = table.pull(KEYS, { signal: controller.signal });
    controller.abort();
    await expect(pulling).rejects.toMatchObject({ code: 'CANCELLED' });
    const ofA = keysOwnedBy(0, 3, byParity);
    expect([...(await table.pull(ofA))]).toEqual([...ofA].map(Number));
  });

  it('takes packed keys too, answers nothing for nothing, and refuses half a key', async () => {
    const { table } = await twoShards();
    expect([...(await table.pull(Uint32Array.of(7, 0, 3, 0)))]).toEqual([7, 3]);
    expect(await table.pull(new BigUint64Array(0))).toEqual(new Float32Array(0));
    await expect(table.pull(Uint32Array.of(7))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('of many keys is cut into requests of a frame each that cover every key once', () => {
    for (const [dim, count] of [
      [1, 70_000],
      [16, 9_000],
      [4096, 40],
    ] as const) {
      const positions = Uint32Array.from({ length: count }, (_, i) => i);
      const keys = Uint32Array.from({ length: count * 2 }, (_, i) => i);
      const requests = requestsOf({ keys, positions }, { name: 't', uid: 'u', dim });
      expect(requests.length).toBeGreaterThan(1);
      expect(
        Buffer.concat(requests.map((request) => new Uint8Array(request.positions!.slice().buffer))),
      ).toEqual(Buffer.from(positions.buffer));
      expect(requests.flatMap(({ frame }) => [...frame.keys])).toEqual([...keys]);
      for (const request of requests)
        expect(request.positions!.length * Math.max(8, dim * 4)).toBeLessThanOrEqual(262_144);
    }
  });
});

describe('connect', () => {
  it('tries the seeds in turn and names them all when none answers', async () => {
    const { a } = await twoShards();
    const dead = ['127.0.0.1:1', '127.0.0.1:2'];
    await using weir = await connect({ seeds: [...dead, a.address], clientId: 'test' });
    expect(weir.routing().shards.map(({ id }) => id)).toEqual(['a', 'b']);
    const failing = connect({ seeds: dead, clientId: 'test', timeoutMs: 500 });
    await expect(failing).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/127\.0\.0\.1:1: .*ECONNREFUSED.*127\.0\.0\.1:2: .*ECONNREFUSED/),
    });
  });

  it('sends its token with every call', async () => {
    const { a } = await twoShards('secret');
    expect([...a.tokens]).toEqual(['Bearer secret']);
  });

  it.each([
    [{ seeds: [], clientId: 'x' }],
    [{ seeds: ['localhost'], clientId: 'x' }],
    [{ seeds: ['localhost:1'], clientId: '' }],
    [{ seeds: ['localhost:1'], clientId: 'x', tls: { cert: 'x' } }],
  ])('refuses %j', async (options) => {
    await expect(connect(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('lets no call begin after close', async () => {
    const { weir, table } = await twoShards();
    await weir.close();
    const calls = [
      table.pull(KEYS),
      table.push(KEYS, new Float32Array(50)),
      weir.tables.list(),
      weir.table('sums'),
    ];
    for (const call of calls) await expect(call).rejects.toBeInstanceOf(WeirError);
    for await (const _ of table.subscribe()) throw new Error('a delta after close');
  });
});
