// Pulls while others ask for much, do not read, or the disk is slow.
import { setTimeout as delay } from 'node:timers/promises';
import { credentials, status } from '@grpc/grpc-js';
import { decodeValues, floatsFromBytes } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import {
  type Delta,
  ParameterServerClient,
  type PullRequest,
  type PullResponse,
} from '@weir/proto/v1/parameter_server';
import { openMemoryStore } from '@weir/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER_BYTES_MAX } from '../../limits.ts';
import { FaultyStore } from '../../testing/faulty-store.ts';
import { startTestShard, type TestShard } from '../../testing/in-process.ts';
import { keyBytes, pushPart, pushRequest, RawClient, sumTable } from '../../testing/raw-client.ts';
import { until } from '../../testing/until.ts';
import { FAMILIES } from '../folder/families.ts';

const PATIENCE_MS = 300;
const disk = new FaultyStore(openMemoryStore({ families: FAMILIES }));
let server: TestShard;
beforeAll(async () => {
  server = await startTestShard({ store: disk.store, patienceMs: PATIENCE_MS });
  await server.client.create(sumTable('doc', 16));
  await server.client.create(sumTable('wide', 4096));
});
afterAll(() => server.stop());

/** 16 MiB of rows of 1,024 keys. */
const largePull = (requestId: number): PullRequest => {
  const keys = keyBytes(Array.from({ length: 1_024 }, (_, i) => BigInt(i)));
  return { requestId, epoch: 1, parts: [{ tableUid: 'uid-wide', keys, encoding: ValueEncoding.F32 }] };
};

const KEYS = keyBytes(Array.from({ length: 500 }, (_, i) => BigInt(i)));
const smallPull = (requestId: number): PullRequest => {
  return { requestId, epoch: 1, parts: [{ tableUid: 'uid-doc', keys: KEYS, encoding: ValueEncoding.F32 }] };
};

/** A stream whose client has a small window and reads the answers that its library buffers, all small, then no more. */
function deafPull(client: ParameterServerClient) {
  const call = client.pull();
  const deaf = { call, ended: 0 };
  call.on('data', () => call.pause());
  call.on('error', (error: Error & { code?: number }) => {
    deaf.ended = error.code ?? 0;
  });
  for (let requestId = 1; requestId <= 20; requestId++) call.write(smallPull(requestId));
  return deaf;
}

describe('a pull', () => {
  it('of 500 keys is answered while others gather answers of 16 MiB, which come whole', async () => {
    const others = Array.from({ length: 4 }, () => new RawClient(server.address));
    const large = others.map((each) => each.pull(largePull(1)));
    let pending = large.length;
    for (const each of large) void each.then(() => pending--);
    let small = 0;
    while (pending > 0) {
      const { results } = await server.client.pull(smallPull(1));
      expect(results[0]!.values.byteLength).toBe(500 * 64);
      small++;
    }
    expect(small).toBeGreaterThan(4);
    for (const { results } of await Promise.all(large)) {
      expect(results[0]!.values.byteLength).toBe(16 * 1024 * 1024);
    }
    await until(() => server.shard.answers.held === 0);
    for (const each of others) each.close();
  });

  it('gives the same rows in slices as at once, in both encodings, refused keys as zero', async () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => BigInt(i));
    for (let i = 0; i < keys.length; i += 1_000) {
      const values = Array.from({ length: 16_000 }, (_, at) => ((i * 16 + at) % 2_000) - 1_000);
      const part = pushPart('uid-doc', keys.slice(i, i + 1_000), values);
      await server.client.push(pushRequest(0, [part], { client: undefined }));
    }
    const whole = new Float32Array(keys.length * 16);
    for (let i = 0; i < keys.length; i += 500) {
      whole.set(await server.client.rows('uid-doc', keys.slice(i, i + 500)), i * 16);
    }
    expect(await server.client.rows('uid-doc', keys)).toEqual(whole);
    const parts = [{ tableUid: 'uid-doc', keys: keyBytes(keys), encoding: ValueEncoding.F16 }];
    const { results } = await server.client.pull({ requestId: 1, epoch: 1, parts });
    expect(decodeValues(results[0]!.values, ValueEncoding.F16)).toEqual(whole);
  });

  it('goes on, and so do subscribers, while a log write takes long', async () => {
    const first = await server.client.rows('uid-doc', [1n]);
    disk.hold();
    const part = pushPart('uid-doc', [1n], new Array<number>(16).fill(1));
    const pushed = server.client.push(pushRequest(0, [part], { client: undefined }));
    await until(() => server.shard.bytesInFlight.held > 0);
    const request = { tableUid: 'uid-doc', slots: new Uint8Array(0), cursor: undefined, intervalMs: 5 };
    for await (const delta of server.client.subscribe(request)) if (delta.upTo !== undefined) break;
    for (let i = 0; i < 50; i++) expect(await server.client.rows('uid-doc', [1n])).toEqual(first);
    disk.release();
    await pushed;
    expect(await server.client.rows('uid-doc', [1n])).toEqual(first.map((value) => value + 1));
  });
});

describe('a client that does not read', () => {
  it('holds bounded memory, is cut off as OVERLOADED and counted, and the memory is free again', async () => {
    const anySize = { 'grpc.max_receive_message_length': -1 };
    const open = () => new ParameterServerClient(server.address, credentials.createInsecure(), anySize);
    const others = Array.from({ length: 5 }, open);
    const before = server.shard.counters.cutOff.pull;
    const deaf = others.map(deafPull);
    for (const { call } of deaf) for (const requestId of [21, 22]) call.write(largePull(requestId));
    expect(floatsFromBytes((await server.client.pull(smallPull(1))).results[0]!.values).length).toBe(8_000);
    await until(() => {
      expect(server.shard.answers.held).toBeLessThanOrEqual(ANSWER_BYTES_MAX);
      return server.shard.counters.cutOff.pull === before + deaf.length;
    });
    await until(() => server.shard.answers.held === 0);
    await until(() => deaf.every(({ ended }) => ended === status.RESOURCE_EXHAUSTED));
    for (const each of others) each.close();
  });

  it('as a subscriber is cut off too; another one gets everything meanwhile', async () => {
    const slow = new RawClient(server.address);
    const keys = Array.from({ length: 1_024 }, (_, i) => BigInt(i));
    for (let i = 0; i < keys.length; i += 256) {
      const part = pushPart('uid-wide', keys.slice(i, i + 256), new Array<number>(256 * 4096).fill(1));
      await server.client.push(pushRequest(0, [part], { client: undefined }));
    }
    const request = { tableUid: 'uid-wide', slots: new Uint8Array(0), cursor: undefined, intervalMs: 5 };
    const call = slow.grpc.subscribe(request);
    let ended = 0;
    call.on('error', (error: Error & { code?: number }) => {
      ended = error.code ?? 0;
    });
    call.on('data', () => call.pause());
    let rows = 0;
    for await (const delta of server.client.subscribe(request) as AsyncIterable<Delta>) {
      rows += delta.keys.byteLength / 8;
      if (delta.upTo !== undefined) break;
    }
    expect(rows).toBe(1_024);
    await until(() => server.shard.counters.cutOff.subscriber === 1);
    await until(() => ended !== 0);
    expect(ended).toBe(status.RESOURCE_EXHAUSTED);
    await until(() => server.shard.counters.subscribers === 0);
    slow.close();
  });

  it('for a while only, and then does, gets its answers', async () => {
    const client = new RawClient(server.address);
    const call = client.grpc.pull();
    const answered: number[] = [];
    call.on('data', ({ requestId }: PullResponse) => {
      answered.push(requestId);
      if (requestId === 1) call.pause();
    });
    call.on('error', () => undefined);
    for (let requestId = 1; requestId <= 200; requestId++) call.write(smallPull(requestId));
    await until(() => answered.length === 1);
    await delay(PATIENCE_MS / 3);
    call.resume();
    await until(() => answered.length === 200);
    expect(answered).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    call.cancel();
    client.close();
  });
});
