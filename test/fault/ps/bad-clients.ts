// Clients that send garbage, stop in the middle, or do not read: the shard answers what can be answered, stays up, holds
// bounded memory, and loses nothing of the others.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ValueEncoding } from '@weir/proto/v1/common';
import { keyBytes, pushPart, pushRequest, RawClient } from '../../../ps/src/testing/raw-client.ts';
import { mulberry32 } from '../../e2e/traffic.ts';
import { World } from './world.ts';

const PUSHES = 30;
const PUSH_PATH = '/weir.v1.ParameterServer/Push';
/** What the shard may grow by while clients misbehave; they ask for 1.5 GiB. */
const GROWTH_BYTES_MAX = 384 * 1024 * 1024;
const MUTE_PULLS = 6_000;
const HALF_PUSHES = 6;
const HALF_FRAMES = 120;

export async function garbage(dir: string, seed: number): Promise<string> {
  const world = await World.begin({ dir, seed, durability: 'process', clients: 2 });
  const { shard } = world;
  try {
    await world.push(PUSHES);
    const before = await residentBytes(shard.pid);
    const pushing = world.push(PUSHES);
    const random = mulberry32(seed);
    for (const bytes of rawBytes(random)) await sendTcp(shard.address, bytes);
    let refused = 0;
    for (const body of grpcBodies(random)) {
      if ((await sendGrpc(shard.address, body)) !== '0') refused++;
    }
    const codes = await refusedRequests(world);
    await pushing;
    await requireBounded(world, before);
    await world.requireIntact('after garbage');
    await shard.kill();
    await shard.start();
    await world.requireIntact('after garbage and a kill');
    return `${refused} gRPC bodies refused; ${codes.join(', ')}`;
  } finally {
    await world.end();
  }
}

export async function clientsThatStop(dir: string, seed: number): Promise<string> {
  const world = await World.begin({ dir, seed, durability: 'process', clients: 2 });
  const { shard, tables } = world;
  const client = new RawClient(shard.address);
  try {
    await world.push(PUSHES);
    const before = await residentBytes(shard.pid);
    // Pulls of a quarter MiB each whose answers nobody reads; a subscription likewise.
    const pulls = client.grpc.pull();
    pulls.on('error', () => undefined);
    const keys = keyBytes(Array.from({ length: 64 }, (_, k) => BigInt(1_000 + k)));
    for (let i = 1; i <= MUTE_PULLS; i++) {
      const parts = [{ tableUid: tables.wide.uid, keys, encoding: ValueEncoding.F32 }];
      pulls.write({ requestId: i, epoch: 1, parts });
    }
    const subscription = client.grpc.subscribe({
      tableUid: tables.wide.uid,
      slots: new Uint8Array(0),
      cursor: undefined,
      intervalMs: 1,
    });
    subscription.on('error', () => undefined);
    // Pushes that never end.
    for (let i = 0; i < HALF_PUSHES; i++) {
      const half = client.grpc.push();
      half.on('error', () => undefined);
      const part = pushPart(tables.wide.uid, [1n], new Array<number>(1024).fill(1));
      const parts = new Array<typeof part>(60).fill(part);
      for (let frame = 0; frame < HALF_FRAMES; frame++) {
        half.write(
          pushRequest(1, parts, { moreFrames: true, client: { id: `half-${i}`, incarnation: 'x' } }),
        );
      }
    }
    await delay(500);
    await world.push(PUSHES);
    const growth = await requireBounded(world, before);
    await world.requireIntact('while clients stood still');
    return `the shard grew by ${Math.round(growth / 2 ** 20)} MiB`;
  } finally {
    client.close();
    await world.end();
  }
}

/** Requests that are well formed and wrong. @returns the codes that they got. */
async function refusedRequests({ shard, tables }: World): Promise<string[]> {
  const client = new RawClient(shard.address);
  const { uid } = tables.shared;
  const good = pushPart(uid, [1n], [1, 1]);
  const wrong = [
    { ...good, keys: good.keys.subarray(0, 7) },
    { ...good, values: good.values.subarray(0, 5) },
    { ...good, values: new Uint8Array(0) },
    { ...good, values: new Uint8Array(1 << 20) },
    { ...good, encoding: 77 as ValueEncoding },
    { ...good, tableUid: 'no such table' },
    pushPart(uid, [1n], [1, Number.NaN]),
    pushPart(uid, [1n], [Number.POSITIVE_INFINITY, 1]),
  ];
  const codes = new Set<string>();
  try {
    for (const part of wrong) {
      const code = await client.push(pushRequest(0, [good, part])).then(
        () => 'accepted',
        (error: { code: string }) => error.code,
      );
      assert.notEqual(code, 'accepted');
      assert.notEqual(code, 'INTERNAL');
      codes.add(code);
    }
  } finally {
    client.close();
  }
  return [...codes].sort();
}

function rawBytes(random: () => number): Uint8Array[] {
  const noise = (bytes: number) => Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
  const preface = new TextEncoder().encode('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  return [
    noise(64),
    noise(100_000),
    new TextEncoder().encode('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Uint8Array.of(...preface, ...noise(5_000)),
    // A frame of HTTP/2 that claims 16 MiB.
    Uint8Array.of(...preface, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1, ...noise(100)),
  ];
}

/** Messages of gRPC: compressed flag, u32 length, content. */
function grpcBodies(random: () => number): Uint8Array[] {
  const noise = (bytes: number) => Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
  const message = (length: number, content: Uint8Array, flag = 0): Uint8Array => {
    const bytes = new Uint8Array(5 + content.length);
    bytes[0] = flag;
    new DataView(bytes.buffer).setUint32(1, length);
    bytes.set(content, 5);
    return bytes;
  };
  return [
    message(0xffffffff, noise(10)),
    message(100, noise(10)),
    message(10, noise(10), 1),
    ...Array.from({ length: 20 }, () => message(200, noise(200))),
    // A field of protobuf that claims 2 GiB.
    message(6, Uint8Array.of(0x2a, 0xff, 0xff, 0xff, 0xff, 0x07)),
  ];
}

async function sendTcp(address: string, bytes: Uint8Array): Promise<void> {
  const [host, port] = address.split(':') as [string, string];
  const socket = connectTcp(Number(port), host);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  await delay(50);
  socket.destroy();
}

/** @returns the gRPC status of the stream, or how it ended without one. */
async function sendGrpc(address: string, body: Uint8Array): Promise<string> {
  const session = connectHttp2(`http://${address}`);
  session.on('error', () => undefined);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': PUSH_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const ended = new Promise<string>((resolve) => {
      stream.on('response', (headers) => {
        if (headers['grpc-status'] !== undefined) resolve(String(headers['grpc-status']));
      });
      stream.on('trailers', (headers) => resolve(String(headers['grpc-status'])));
      stream.on('error', (error) => resolve(error.message));
      stream.on('close', () => resolve('closed'));
    });
    stream.resume();
    stream.end(body);
    return await Promise.race([ended, delay(5_000).then(() => 'no answer')]);
  } finally {
    session.destroy();
  }
}

async function requireBounded({ shard }: World, before: number): Promise<number> {
  const growth = (await residentBytes(shard.pid, 'VmHWM')) - before;
  assert.ok(growth < GROWTH_BYTES_MAX, `the shard grew by ${growth} bytes`);
  return growth;
}

async function residentBytes(pid: number, line: 'VmRSS' | 'VmHWM' = 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${line}:\\s+(\\d+) kB`).exec(status)![1]) * 1024;
}
