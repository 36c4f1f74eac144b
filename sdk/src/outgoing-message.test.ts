import { once } from 'node:events';
import {
  credentials,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { freeReceived } from '@weir/proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { COPY_FREED_BYTES_MIN } from './limits.ts';
import { OutgoingMessage } from './outgoing-message.ts';

const identity = (bytes: Buffer): Buffer => bytes;
const method = {
  path: '/test/echo',
  requestStream: true,
  responseStream: true,
  requestSerialize: OutgoingMessage.serialize,
  responseDeserialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
};
const server = new Server();
let port: number;
beforeAll(async () => {
  server.addService(
    { echo: method },
    {
      echo: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (bytes: Buffer) => call.write(bytes));
        call.on('end', () => call.end());
      },
    },
  );
  port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
});
afterAll(() => server.forceShutdown());

const memoryOfArrays = (): number => process.memoryUsage().arrayBuffers;

it("arrives as it was, of any size, and gRPC's copy of a large one is freed without a collection", async () => {
  const Client = makeClientConstructor({ echo: method }, 'test');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const call = client.makeBidiStreamRequest(method.path, OutgoingMessage.serialize, identity);
  const echoed = (): Promise<Buffer> => new Promise((resolve) => call.once('data', resolve));
  for (const size of [0, 1, COPY_FREED_BYTES_MIN - 2, COPY_FREED_BYTES_MIN, 1_000_000, 1_000_001]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7);
    // Whole, or in two places.
    const message =
      size % 2 === 0 ? new OutgoingMessage(bytes) : new OutgoingMessage(bytes.subarray(1), bytes.slice(0, 1));
    const answer = echoed();
    await new Promise<void>((resolve) => call.write(message, () => resolve()));
    message.written();
    const received = await answer;
    expect(Buffer.compare(received, bytes)).toBe(0);
    // A message that came lies in memory of its own, which can be freed as well.
    freeReceived(received);
    expect(received.length).toBe(size < COPY_FREED_BYTES_MIN ? size : 0);
    const before = memoryOfArrays();
    message.arrived();
    const freed = before - memoryOfArrays();
    if (size >= COPY_FREED_BYTES_MIN) expect(freed).toBeGreaterThanOrEqual(size);
    else expect(freed).toBe(0);
    // Our own bytes are untouched, and a second word of the other side changes nothing.
    message.arrived();
    expect(bytes.at(-1)).toBe(size === 0 ? undefined : ((size - 1) * 7) % 256);
  }
  const ended = once(call, 'status');
  call.end();
  await ended;
  client.close();
});

it('keeps the copy that the connection has not taken yet', () => {
  const message = new OutgoingMessage(new Uint8Array(COPY_FREED_BYTES_MIN));
  const copy = Buffer.from(new ArrayBuffer(COPY_FREED_BYTES_MIN + 5));
  OutgoingMessage.serialize(message).copy(copy, 5);
  message.arrived();
  expect(copy.length).toBe(COPY_FREED_BYTES_MIN + 5);
});
