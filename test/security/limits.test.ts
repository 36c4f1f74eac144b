// What a client may take before anybody looks at what it says: connections, metadata, cancelled calls, control frames, slow
// headers, bodies that do not end. Against real processes: they go on serving, and what they refuse is counted.
import type { EventEmitter } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import {
  CANCELS_BURST,
  GRPC_CONNECTIONS_MAX,
  HTTP_BODIES_BYTES_MAX,
  HTTP_CONNECTIONS_MAX,
  HTTP_HEADER_BYTES_MAX,
  HTTP_HEADER_TIMEOUT_MS,
  HTTP_TIMEOUT_LOOK_MS,
  METADATA_BYTES_MAX,
} from '../../runtime/src/limits.ts';
import { HTTP_BODY_BYTES_MAX } from '../../stitcher/src/collector/limits.ts';
import { framed, RawCaller } from './fuzz/raw-call.ts';
import { startVictims, type Victims } from './fuzz/victims.ts';
import { Watch } from './fuzz/watch.ts';

/** What a process may grow by while thousands of connections stand or send control frames. */
const GROWTH_BYTES_MAX = 384 * 1024 * 1024;
const TOO_MANY = 50;
/** What a connection of HTTP/2 begins with. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

let victims: Victims;
beforeAll(async () => {
  victims = await startVictims();
});
afterAll(() => victims?.[Symbol.asyncDispose]());

const hostPort = (address: string): { host: string; port: number } => {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
};

function open(address: string): Socket {
  const socket = connect(hostPort(address));
  socket.on('error', () => undefined);
  return socket;
}

/**
 * At once, each with the first bytes of its protocol: where a listener's queue is full, Linux forgets a connection that its client
 * takes to be made, until something comes on it.
 */
function openMany(address: string, count: number, first: Buffer): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = open(address);
    socket.write(first);
    return socket;
  });
}

/** However it was closed. */
const closed = (one: EventEmitter): Promise<void> => new Promise((resolve) => one.once('close', resolve));

const closeAll = (sockets: readonly Socket[]): void => {
  for (const socket of sockets) socket.destroy();
};

async function counter(admin: string, name: string): Promise<number> {
  const text = await (await fetch(`http://${admin}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

const HEALTH = { path: '/grpc.health.v1.Health/Check', data: [framed(Buffer.alloc(0))], silenceMs: 10_000 };

it('connections beyond the bound of a gRPC listener are closed and counted, the others served; so are new ones later', async () => {
  const { listen, admin } = victims.processes.streams;
  await using watch = await Watch.begin(victims.processes.streams);
  await vi.waitFor(() => expect(watch.answers).toBeGreaterThan(0), 10_000);
  const sockets = openMany(listen, GRPC_CONNECTIONS_MAX + TOO_MANY, PREFACE);
  const refused = 'grpc_server_connections_refused';
  await vi.waitFor(
    async () => expect(await counter(admin, refused)).toBeGreaterThanOrEqual(TOO_MANY),
    90_000,
  );
  expect(await counter(admin, refused)).toBeLessThan(2 * TOO_MANY);
  expect(await watch.grownBytes()).toBeLessThan(GROWTH_BYTES_MAX);
  closeAll(sockets);
  await vi.waitFor(async () => {
    const caller = new RawCaller(listen);
    expect((await caller.call(HEALTH)).status).toBe(0);
    caller.close();
  }, 10_000);
  expect(watch.faults).toEqual([]);
}, 120_000);

it('the same over HTTP', async () => {
  const { http, processes } = victims;
  const sockets = openMany(http.collector, HTTP_CONNECTIONS_MAX + TOO_MANY, Buffer.from('POST '));
  const refused = 'http_server_connections_refused';
  await vi.waitFor(
    async () => expect(await counter(processes.collector.admin, refused)).toBe(TOO_MANY),
    10_000,
  );
  closeAll(sockets);
  await vi.waitFor(async () => {
    const response = await fetch(`http://${http.collector}/v1/events`, { method: 'POST', body: '[]' });
    expect(response.status).toBeLessThan(500);
  }, 10_000);
});

it('metadata beyond the bound is refused; the next call on the connection is served', async () => {
  const caller = new RawCaller(victims.processes.streams.listen);
  const near = { 'x-long': 'x'.repeat(METADATA_BYTES_MAX - 1_024) };
  expect((await caller.call({ ...HEALTH, headers: near })).status).toBe(0);
  const beyond = await caller.call({ ...HEALTH, headers: { 'x-long': 'x'.repeat(METADATA_BYTES_MAX) } });
  expect(beyond.status === 0).toBe(false);
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'y']));
  expect((await caller.call({ ...HEALTH, headers: many })).status === 0).toBe(false);
  expect((await caller.call(HEALTH)).status).toBe(0);
  caller.close();
});

it('a client that opens calls and cancels them at once loses its connection, and nobody else notices', async () => {
  await using watch = await Watch.begin(victims.processes.streams);
  const session = connectHttp2(`http://${victims.processes.streams.listen}`);
  session.on('error', () => undefined);
  const gone = closed(session);
  let cancelled = 0;
  const flood = setInterval(() => {
    for (let i = 0; i < 500 && !session.closed && !session.destroyed; i++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': HEALTH.path,
        'content-type': 'application/grpc',
      });
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
      cancelled++;
    }
  }, 5);
  await gone;
  clearInterval(flood);
  expect(cancelled).toBeGreaterThan(CANCELS_BURST);
  expect(watch.faults).toEqual([]);
  expect(await watch.grownBytes()).toBeLessThan(GROWTH_BYTES_MAX);
});

const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};
const SETTINGS = frame(4, 0, 0, Buffer.alloc(0));

it.each([
  ['pings', frame(6, 0, 0, Buffer.alloc(8))],
  ['settings', frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 1]))],
  ['priorities of streams', frame(2, 0, 1, Buffer.alloc(5))],
  ['empty data', frame(0, 0, 1, Buffer.alloc(0))],
  ['window updates', frame(8, 0, 0, Buffer.from([0, 0, 0, 1]))],
  ['frames of unknown kinds', frame(77, 0, 1, Buffer.alloc(100))],
])('floods of %s, of which no answer is read, take no memory and stop nobody', async (_, one) => {
  const { listen } = victims.processes.streams;
  await using watch = await Watch.begin(victims.processes.streams);
  const piece = Buffer.concat(new Array<Buffer>(1_000).fill(one));
  const sockets = Array.from({ length: 8 }, () => open(listen));
  for (const socket of sockets) {
    socket.pause();
    socket.write(Buffer.concat([PREFACE, SETTINGS]));
    for (let i = 0; i < 100; i++) socket.write(piece);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  closeAll(sockets);
  expect(watch.faults).toEqual([]);
  expect(await watch.grownBytes()).toBeLessThan(GROWTH_BYTES_MAX);
});

it('a header that never ends (CVE-2024-27316) ends the connection', async () => {
  const socket = open(victims.processes.streams.listen);
  const gone = closed(socket);
  socket.resume();
  socket.write(Buffer.concat([PREFACE, SETTINGS, frame(1, 0, 1, Buffer.of(0x82))]));
  const flood = setInterval(() => {
    // x-a: <100 bytes>, never indexed.
    const field = Buffer.concat([
      Buffer.of(0x10, 3),
      Buffer.from('x-a'),
      Buffer.of(100),
      Buffer.alloc(100, 0x61),
    ]);
    for (let i = 0; i < 100 && !socket.destroyed; i++)
      socket.write(frame(9, 0, 1, Buffer.concat([field, field])));
  }, 5);
  await gone;
  clearInterval(flood);
});

it('a header over HTTP that is too long is 431, one that comes too slowly 408, and neither holds its connection', async () => {
  const { http } = victims;
  const long = open(http.collector);
  const words: string[] = [];
  long.on('data', (data: Buffer) => words.push(String(data)));
  long.write(`POST /v1/events HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(HTTP_HEADER_BYTES_MAX)}\r\n\r\n`);
  await closed(long);
  expect(words.join('')).toMatch(/^HTTP\/1.1 431 /);

  const begun = performance.now();
  const slow = Array.from({ length: 200 }, () => open(http.collector));
  const answers = slow.map(async (socket) => {
    let heard = '';
    socket.on('data', (data: Buffer) => {
      heard += data;
    });
    socket.write('POST /v1/events HTTP/1.1\r\nhost: x\r\n');
    const drip = setInterval(() => socket.write('x: y\r\n'), 500);
    await closed(socket);
    clearInterval(drip);
    return heard;
  });
  // Others are served meanwhile.
  const response = await fetch(`http://${http.collector}/v1/events`, { method: 'POST', body: '[]' });
  expect(response.status).toBeLessThan(500);
  for (const heard of await Promise.all(answers)) expect(heard).toMatch(/^HTTP\/1.1 408 /);
  expect(performance.now() - begun).toBeGreaterThan(HTTP_HEADER_TIMEOUT_MS - HTTP_TIMEOUT_LOOK_MS);
});

it('bodies that are coming share a bound: beyond it callers are told to come later', async () => {
  const { http, processes } = victims;
  await using watch = await Watch.begin(processes.collector);
  const half = HTTP_BODY_BYTES_MAX - 1;
  const senders = Math.ceil(HTTP_BODIES_BYTES_MAX / half) + 4;
  const heard: string[] = [];
  const sockets = Array.from({ length: senders }, () => open(http.collector));
  for (const [i, socket] of sockets.entries()) {
    socket.on('data', (data: Buffer) => {
      heard[i] = (heard[i] ?? '') + data;
    });
    socket.write(`POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: ${HTTP_BODY_BYTES_MAX}\r\n\r\n`);
    socket.write(Buffer.alloc(half, 0x20));
  }
  await vi.waitFor(
    () => expect(heard.filter((text) => text?.startsWith('HTTP/1.1 429 '))).not.toEqual([]),
    20_000,
  );
  expect(heard.find((text) => text !== undefined)).toContain('OVERLOADED');
  closeAll(sockets);
  await vi.waitFor(async () => {
    const response = await fetch(`http://${http.collector}/v1/events`, { method: 'POST', body: '[]' });
    expect(response.status).toBeLessThan(429);
  }, 10_000);
  expect(await watch.grownBytes()).toBeLessThan(GROWTH_BYTES_MAX);
});
