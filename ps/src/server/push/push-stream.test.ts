import { PUSH_BYTES_MAX, PUSHES_IN_FLIGHT_MAX, WeirError } from '@weir/proto';
import type { PushPart, PushRequest, PushResponse } from '@weir/proto/v1/parameter_server';
import { openMemoryStore } from '@weir/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STREAM_BYTES_IN_FLIGHT_MAX } from '../../limits.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { startTestShard, type TestShard } from '../../testing/in-process.ts';
import {
  pushPart,
  pushRequest,
  type RawClient,
  sumTable,
  type TestStream,
} from '../../testing/raw-client.ts';
import { FAMILIES } from '../folder/families.ts';

const disk = new FaultyStore(openMemoryStore({ families: FAMILIES }));
let server: TestShard;
let client: RawClient;
beforeAll(async () => {
  server = await startTestShard({ store: disk.store });
  client = server.client;
  await client.create(sumTable('doc', 1));
});
afterAll(() => server.stop());

type Stream = TestStream<PushRequest, PushResponse>;
let incarnations = 0;
const newClient = () => ({ id: 'test', incarnation: `i${++incarnations}` });

/** Answers until all numbers up to this one are settled. */
async function settled(stream: Stream, through: number): Promise<PushResponse[]> {
  const responses: PushResponse[] = [];
  while ((responses.at(-1)?.through ?? 0) < through) responses.push((await stream.next())!);
  return responses;
}

const refusalsOf = (responses: PushResponse[]) =>
  responses.flatMap(({ refusals }) => refusals.map(({ number, error }) => [number, error?.code]));

describe('a push stream', () => {
  it('applies pushes in order and acknowledges them cumulatively, with the log position', async () => {
    const identity = newClient();
    const stream = client.pushStream();
    const before = (await client.describe()).seq;
    const writes = disk.writes;
    // While the first is being written, the others gather and share the next write.
    disk.hold();
    for (let number = 1; number <= 50; number++) {
      stream.send(pushRequest(number, [pushPart('uid-doc', [1n], [1])], { client: identity }));
    }
    while (server.shard.bytesInFlight.held < 50 * 12) await new Promise((resolve) => setImmediate(resolve));
    disk.release();
    const responses = await settled(stream, 50);
    expect(responses.at(-1)).toEqual({ through: 50, seq: before + 50, refusals: [], skipped: [] });
    expect(disk.writes - writes).toBe(2);
    expect(responses.length).toBeLessThan(50);
    expect([...(await client.rows('uid-doc', [1n]))]).toEqual([50]);
    stream.end();
    expect(await stream.next()).toBeUndefined();
  });

  it('answers what it took before it ends', async () => {
    const stream = client.pushStream();
    stream.send(pushRequest(1, [pushPart('uid-doc', [2n], [1])], { client: newClient() }));
    stream.end();
    expect(await stream.next()).toMatchObject({ through: 1 });
    expect(await stream.next()).toBeUndefined();
  });

  it('acknowledges numbers seen before without applying them again, also on another stream', async () => {
    const identity = newClient();
    const push = (number: number) =>
      pushRequest(number, [pushPart('uid-doc', [3n], [1])], { client: identity });
    const first = client.pushStream();
    for (const number of [1, 2, 2, 1, 3]) first.send(push(number));
    await settled(first, 3);
    first.cancel();
    const second = client.pushStream();
    for (const number of [2, 3, 4]) second.send(push(number));
    await settled(second, 4);
    expect([...(await client.rows('uid-doc', [3n]))]).toEqual([4]);
    expect((await client.describe()).duplicates).toBeGreaterThanOrEqual(4);
    second.cancel();
  });

  it('refuses a gap, and goes on where the numbers go on', async () => {
    const identity = newClient();
    const push = (number: number) =>
      pushRequest(number, [pushPart('uid-doc', [4n], [1])], { client: identity });
    const stream = client.pushStream();
    for (const number of [1, 3, 2]) stream.send(push(number));
    const responses = await settled(stream, 2);
    expect(refusalsOf(responses)).toEqual([[3, 'SEQUENCE_GAP']]);
    expect([...(await client.rows('uid-doc', [4n]))]).toEqual([2]);
    stream.cancel();
  });

  it('uses up the number of a push refused for good, and repeats the refusal to a repeated push', async () => {
    const identity = newClient();
    const push = (number: number, value: number) =>
      pushRequest(number, [pushPart('uid-doc', [5n], [value])], { client: identity });
    const first = client.pushStream();
    first.send(push(1, 1));
    first.send(push(2, Number.NaN));
    first.send(push(3, 1));
    expect(refusalsOf(await settled(first, 3))).toEqual([[2, 'NOT_FINITE']]);
    first.cancel();
    const second = client.pushStream();
    for (const number of [1, 2, 3, 4]) second.send(push(number, 1));
    expect(refusalsOf(await settled(second, 4))).toEqual([[2, 'NOT_FINITE']]);
    expect([...(await client.rows('uid-doc', [5n]))]).toEqual([3]);
    second.cancel();
  });

  it('repeats the refusals of as many pushes as may be in flight', async () => {
    const identity = newClient();
    const numbers = Array.from({ length: PUSHES_IN_FLIGHT_MAX }, (_, i) => i + 1);
    for (const value of [Number.NaN, 1]) {
      const stream = client.pushStream();
      const part = pushPart('uid-doc', [14n], [value]);
      for (const number of numbers) stream.send(pushRequest(number, [part], { client: identity }));
      const refusals = refusalsOf(await settled(stream, PUSHES_IN_FLIGHT_MAX));
      expect(refusals).toEqual(numbers.map((number) => [number, 'NOT_FINITE']));
      stream.cancel();
    }
  });

  it('puts frames of one push together, over several tables, into one log record', async () => {
    await client.create(sumTable('other', 2));
    const identity = newClient();
    const before = (await client.describe()).seq;
    const stream = client.pushStream();
    const frame = (parts: PushPart[], moreFrames: boolean) =>
      pushRequest(1, parts, { client: identity, moreFrames });
    stream.send(frame([pushPart('uid-doc', [6n], [1])], true));
    stream.send(frame([pushPart('uid-other', [6n], [1, 2])], true));
    stream.send(frame([pushPart('uid-doc', [6n, 7n], [10, 3])], false));
    const [response] = await settled(stream, 1);
    expect(response?.seq).toBe(before + 1);
    expect([...(await client.rows('uid-doc', [6n, 7n]))]).toEqual([11, 3]);
    expect([...(await client.rows('uid-other', [6n]))]).toEqual([1, 2]);
    stream.cancel();
  });

  it('refuses a push larger than allowed without keeping its frames, and takes the next', async () => {
    const identity = newClient();
    const stream = client.pushStream();
    const part = { ...pushPart('uid-doc', [8n], [1]), values: new Uint8Array(PUSH_BYTES_MAX / 4) };
    for (const moreFrames of [true, true, true, true, false]) {
      stream.send(pushRequest(1, [part], { client: identity, moreFrames }));
    }
    stream.send(pushRequest(2, [pushPart('uid-doc', [8n], [1])]));
    expect(refusalsOf(await settled(stream, 2))).toEqual([[1, 'PUSH_TOO_LARGE']]);
    expect([...(await client.rows('uid-doc', [8n]))]).toEqual([1]);
    expect(server.shard.bytesInFlight.held).toBe(0);
    stream.cancel();
  });

  it.each<[string, Partial<PushRequest>[]]>([
    ['a first message without a client', [{ client: undefined }]],
    ['number 0', [{ number: 0 }]],
    ['frames of two pushes mixed', [{ moreFrames: true }, { number: 2 }]],
  ])('ends with INVALID_ARGUMENT after %s', async (_what, changes) => {
    const stream = client.pushStream();
    const request = pushRequest(1, [pushPart('uid-doc', [9n], [1])], { client: newClient() });
    for (const change of changes) stream.send({ ...request, ...change });
    const error = await stream.next().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(server.shard.bytesInFlight.held).toBe(0);
  });

  it('ends with UNAVAILABLE when the shard stops, after what it took is settled', async () => {
    await using other = await startTestShard();
    await other.client.create(sumTable('doc', 1));
    const stream = other.client.pushStream();
    stream.send(pushRequest(1, [pushPart('uid-doc', [1n], [1])]));
    await settled(stream, 1);
    const stopped = other.stop();
    await expect(stream.next()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await stopped;
  });
});

describe('bounded memory', () => {
  it('turns a push away as OVERLOADED with all behind it, until it comes again; nothing is lost', async () => {
    const identity = newClient();
    // 12 MiB in few rows.
    await client.create(sumTable('wide', 4096));
    const keys = Array.from({ length: 768 }, (_, i) => BigInt(i));
    const values = new Array<number>(keys.length * 4096).fill(1);
    const large = pushPart('uid-wide', keys, values);
    const bytes = large.keys.byteLength + large.values.byteLength;
    const count = Math.floor(STREAM_BYTES_IN_FLIGHT_MAX / bytes);
    const stream = client.pushStream();
    disk.hold();
    for (let number = 1; number <= count + 1; number++) {
      stream.send(pushRequest(number, [large], { client: identity }));
    }
    const small = pushPart('uid-doc', [11n], [1]);
    stream.send(pushRequest(count + 2, [small], { client: identity }));
    const refusals: unknown[] = [];
    let waitMs = 0;
    while (refusals.length < 2) {
      const response = (await stream.next())!;
      refusals.push(...refusalsOf([response]));
      waitMs = response.refusals[0]?.error?.retryAfterMs ?? 0;
    }
    expect(refusals).toEqual([
      [count + 1, 'OVERLOADED'],
      [count + 2, 'OVERLOADED'],
    ]);
    expect(waitMs).toBeGreaterThan(0);
    disk.release();
    await settled(stream, count);
    // A newer push before the ones turned away: still behind them, still OVERLOADED, no gap.
    stream.send(pushRequest(count + 3, [small], { client: identity }));
    for (let number = count + 1; number <= count + 3; number++) {
      stream.send(pushRequest(number, [small], { client: identity }));
    }
    const last = await settled(stream, count + 3);
    expect(refusalsOf(last)).toEqual([[count + 3, 'OVERLOADED']]);
    expect([...(await client.rows('uid-doc', [11n]))]).toEqual([3]);
    expect((await client.rows('uid-wide', [5n])).at(-1)).toBe(count);
    expect(server.shard.bytesInFlight.held).toBe(0);
    stream.cancel();
  });

  it('turns away pushes beyond the number that may be under way, also empty ones', async () => {
    const stream = client.pushStream();
    const identity = newClient();
    disk.hold();
    for (let number = 1; number <= PUSHES_IN_FLIGHT_MAX + 2; number++) {
      stream.send(pushRequest(number, [], { client: identity }));
    }
    const refusals: unknown[] = [];
    while (refusals.length < 2) refusals.push(...refusalsOf([(await stream.next())!]));
    expect(refusals).toEqual([
      [PUSHES_IN_FLIGHT_MAX + 1, 'OVERLOADED'],
      [PUSHES_IN_FLIGHT_MAX + 2, 'OVERLOADED'],
    ]);
    disk.release();
    await settled(stream, PUSHES_IN_FLIGHT_MAX);
    stream.cancel();
  });

  it('gives back the bytes of a push whose stream broke off', async () => {
    const stream = client.pushStream();
    const frame = pushRequest(1, [pushPart('uid-doc', [12n], [1])], {
      client: newClient(),
      moreFrames: true,
    });
    stream.send(frame);
    while (server.shard.bytesInFlight.held === 0) await new Promise((resolve) => setImmediate(resolve));
    stream.cancel();
    while (server.shard.bytesInFlight.held > 0) await new Promise((resolve) => setImmediate(resolve));
    expect([...(await client.rows('uid-doc', [12n]))]).toEqual([0]);
  });

  it('acknowledges a duplicate of a push under way only when that is durable', async () => {
    const identity = newClient();
    const push = pushRequest(1, [pushPart('uid-doc', [13n], [1])], { client: identity });
    const first = client.pushStream();
    disk.hold();
    first.send(push);
    while (server.shard.bytesInFlight.held === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = client.pushStream();
    const { duplicates } = server.shard.counters;
    second.send(push);
    while (server.shard.counters.duplicates === duplicates) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const early = await Promise.race([second.next(), client.describe()]);
    expect(early).toHaveProperty('logIncarnation');
    disk.release();
    const [response] = await settled(first, 1);
    expect(response?.refusals).toEqual([]);
    expect([...(await client.rows('uid-doc', [13n]))]).toEqual([1]);
    first.cancel();
    second.cancel();
  });
});

describe('a disk that refuses writes', () => {
  it('lets pulls go on, makes pushes wait, refuses them in time, and loses none that it took', async () => {
    const identity = newClient();
    const push = (number: number) =>
      pushRequest(number, [pushPart('uid-doc', [20n], [1])], { client: identity });
    const stream = client.pushStream();
    disk.failure = new Error('no space left on device');
    stream.send(push(1));
    while (server.shard.counters.storageFailures === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Number 1 may be on disk: it stays. Those behind it were never written.
    stream.send(push(2));
    stream.send(push(3));
    expect([...(await client.rows('uid-doc', [20n]))]).toEqual([0]);
    const refused: unknown[] = [];
    while (refused.length < 2) refused.push(...refusalsOf([(await stream.next())!]));
    expect(refused.sort()).toEqual([
      [2, 'STORAGE_FAILED'],
      [3, 'STORAGE_FAILED'],
    ]);
    const error = await client.push({ ...push(0), client: undefined }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WeirError);
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', retryable: true });
    disk.failure = undefined;
    await settled(stream, 1);
    stream.send(push(2));
    stream.send(push(3));
    await settled(stream, 3);
    expect([...(await client.rows('uid-doc', [20n]))]).toEqual([3]);
    stream.cancel();
  });
});
