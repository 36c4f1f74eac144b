// Many clients at one shard: what a greedy, a stuck or a deaf one costs the others.
import { setTimeout as delay } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import {
  ParameterServerClient,
  type PushPart,
  type PushRequest,
  type PushResponse,
} from '@weir/proto/v1/parameter_server';
import { openMemoryStore } from '@weir/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OVERLOADED_RETRY_MAX_MS } from '../../limits.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { startTestShard, type TestShard } from '../../testing/in-process.ts';
import { pushPart, pushRequest, RawClient, sumTable, type TestStream } from '../../testing/raw-client.ts';
import { until } from '../../testing/until.ts';
import { FAMILIES } from '../folder/families.ts';

const PATIENCE_MS = 300;
const disk = new FaultyStore(openMemoryStore({ families: FAMILIES }));
let server: TestShard;
beforeAll(async () => {
  server = await startTestShard({ store: disk.store, patienceMs: PATIENCE_MS });
  await server.client.create(sumTable('doc', 1));
  await server.client.create(sumTable('wide', 4096));
});
afterAll(() => server.stop());

let incarnations = 0;

/** A client of its own connection that sends what it has and sends again what was turned away. */
class Pusher {
  readonly client = new RawClient(server.address);
  readonly stream: TestStream<PushRequest, PushResponse> = this.client.pushStream();
  readonly identity = { id: 'fair', incarnation: `i${++incarnations}` };
  readonly hintsMs: number[] = [];

  send(number: number, parts: PushPart[]): void {
    this.stream.send(pushRequest(number, parts, { client: this.identity }));
  }

  /** Sends pushes 1 to `count` at once and returns when all are settled. @returns how often one was turned away. */
  async pushAll(count: number, parts: PushPart[]): Promise<number> {
    for (let number = 1; number <= count; number++) this.send(number, parts);
    let turnedAway = 0;
    for (let through = 0; through < count; ) {
      const response = (await this.stream.next())!;
      through = response.through;
      for (const { number, error } of response.refusals) {
        expect(error?.code).toBe('OVERLOADED');
        this.hintsMs.push(error!.retryAfterMs);
        turnedAway++;
        if (number === through + 1) await delay(error!.retryAfterMs);
        this.send(number, parts);
      }
    }
    return turnedAway;
  }

  close(): void {
    this.stream.cancel();
    this.client.close();
  }
}

/** 4 MiB in few rows. */
const large = (first: number): PushPart => {
  const keys = Array.from({ length: 256 }, (_, i) => BigInt(first + i));
  return pushPart('uid-wide', keys, new Array<number>(keys.length * 4096).fill(1));
};

describe('pushes of many clients', () => {
  it('a greedy client is turned away and comes through; ten small ones are never turned away', async () => {
    const greedy = new Pusher();
    const small = Array.from({ length: 10 }, () => new Pusher());
    // 64 MiB at once; the stream may hold 48.
    disk.hold();
    const flood = greedy.pushAll(16, [large(0)]);
    await until(() => greedy.hintsMs.length > 0);
    disk.release();
    const results = await Promise.all(
      small.map((each, i) => each.pushAll(50, [pushPart('uid-doc', [BigInt(i)], [1])])),
    );
    expect(results).toEqual(new Array(10).fill(0));
    expect(await flood).toBeGreaterThan(0);
    for (const hintMs of greedy.hintsMs) expect(hintMs).toBeLessThanOrEqual(OVERLOADED_RETRY_MAX_MS);
    expect((await server.client.rows('uid-wide', [3n])).at(-1)).toBe(16);
    expect([...(await server.client.rows('uid-doc', [0n, 9n]))]).toEqual([50, 50]);
    expect(server.shard.bytesInFlight.held).toBe(0);
    for (const each of [greedy, ...small]) each.close();
  });

  it('a small push passes those of a greedy client that wait', async () => {
    const greedy = new Pusher();
    const small = new Pusher();
    disk.hold();
    for (let number = 1; number <= 10; number++) greedy.send(number, [large(1_000)]);
    await until(() => server.shard.turns.waiting > 5);
    const behind = server.shard.turns.waiting;
    small.send(1, [pushPart('uid-doc', [20n], [1])]);
    await until(() => server.shard.turns.waiting > behind);
    disk.release();
    const { seq } = (await small.stream.next())!;
    let last = (await greedy.stream.next())!;
    while (last.through < 10) last = (await greedy.stream.next())!;
    // Of those that waited at most one was before it in the log.
    expect(last.seq - seq).toBeGreaterThanOrEqual(behind - 1);
    greedy.close();
    small.close();
  });

  it('drops what waits of a client that is gone, counted, and never half of it', async () => {
    const greedy = new Pusher();
    disk.hold();
    for (let number = 1; number <= 10; number++) greedy.send(number, [large(2_000)]);
    await until(() => server.shard.turns.waiting > 5);
    greedy.close();
    await until(() => server.shard.turns.waiting === 0);
    expect(server.shard.counters.refusals.get('CANCELLED')).toBeGreaterThan(5);
    disk.release();
    await until(() => server.shard.bytesInFlight.held === 0);
    const row = await server.client.rows('uid-wide', [2_000n]);
    expect(row[0]).toBeGreaterThan(0);
    expect(new Set(row).size).toBe(1);
  });
});

describe('a client that does not do its part', () => {
  it('is cut off when the rest of its push does not come; its memory is free again', async () => {
    const half = new Pusher();
    const refused = server.shard.counters.refusals.get('OVERLOADED') ?? 0;
    half.stream.send(pushRequest(1, [large(3_000)], { client: half.identity, moreFrames: true }));
    await until(() => server.shard.bytesInFlight.held > 0);
    await expect(half.stream.next()).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(server.shard.bytesInFlight.held).toBe(0);
    expect(server.shard.counters.refusals.get('OVERLOADED')).toBe(refused + 1);
    expect(server.shard.counters.cutOff.push).toBe(1);
    half.close();
  });

  it('is not read any further while it reads no acknowledgements, and goes on once it does', async () => {
    // A small window, and after its first answer it reads nothing.
    const client = new ParameterServerClient(server.address, credentials.createInsecure());
    const call = client.push();
    const identity = { id: 'deaf', incarnation: 'i' };
    const pushes = 8_000;
    const { counters } = server.shard;
    const before = counters.refusedTotal();
    let sent = 0;
    const send = (): void => {
      while (sent < pushes) {
        const part = pushPart('uid-doc', [30n], [Number.NaN]);
        if (!call.write(pushRequest(++sent, [part], { client: identity }))) return;
      }
    };
    let answered = 0;
    call.on('data', ({ refusals }: PushResponse) => {
      if (answered === 0) call.pause();
      answered += refusals.length;
    });
    call.on('drain', send);
    call.on('error', () => undefined);
    send();
    // Refused for good, or turned away where the client had too many in flight.
    const taken = () => counters.refusedTotal() - before;
    await until(() => taken() > 0);
    let last = 0;
    while (last !== taken()) {
      last = taken();
      await delay(200);
    }
    expect(taken()).toBeLessThan(pushes);
    call.resume();
    await until(() => answered === pushes);
    call.cancel();
    client.close();
  });
});
