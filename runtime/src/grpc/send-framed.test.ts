import { once } from 'node:events';
import { type ClientHttp2Stream, connect, constants } from 'node:http2';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { SENT_AHEAD_BYTES_MAX } from '../limits.ts';
import { messagePrefix, sendFramed } from './send-framed.ts';

const identity = (bytes: Buffer): Buffer => bytes;
const method = {
  path: '/test/send',
  requestStream: false,
  responseStream: true,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
} as const;

let chunks: Uint8Array[];
let patienceMs: number;
let outcome: Promise<void>;
const server = new Server();
let client: Client;
let port: number;
beforeAll(async () => {
  server.addService({ send: method } satisfies ServiceDefinition, {
    send: (call: ServerWritableStream<Buffer, Buffer>) => {
      outcome = sendFramed(call, chunks, patienceMs).then(() => void call.end());
      outcome.catch((error: unknown) => call.emit('error', WeirError.from(error).toStatus()));
    },
  });
  port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
});
afterAll(() => {
  client.close();
  server.forceShutdown();
});
beforeEach(() => {
  patienceMs = 30_000;
});

const call = () => client.makeServerStreamRequest(method.path, identity, identity, Buffer.alloc(0));

it('brings every message as it is, however its bytes are cut, and then the status', async () => {
  const sizes = [0, 1, 100_000, 3 * SENT_AHEAD_BYTES_MAX, 7];
  const messages = sizes.map((size) => Buffer.from(Uint8Array.from({ length: size }, (_, i) => i * 7)));
  const whole = Buffer.concat(messages.flatMap((message) => [messagePrefix(message.length), message]));
  chunks = [whole.subarray(0, 3), whole.subarray(3, 90_000), whole.subarray(90_000)];
  const got: Buffer[] = [];
  for await (const message of call()) got.push(message as Buffer);
  expect(got.map(({ length }) => length)).toEqual(sizes);
  for (const [i, message] of got.entries()) expect(Buffer.compare(message, messages[i]!)).toBe(0);
});

it('ends without a message when there is nothing to send', async () => {
  chunks = [];
  for await (const _ of call()) expect.unreachable();
  await outcome;
});

/** A caller that takes the head of the answer, and reads nothing. */
async function silentCall(): Promise<ClientHttp2Stream> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': method.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  stream.once('close', () => session.destroy());
  stream.end(messagePrefix(0));
  await once(stream, 'response');
  return stream;
}

it('cuts off a caller that does not read', async () => {
  patienceMs = 50;
  chunks = Array.from({ length: 3 }, () => new Uint8Array(SENT_AHEAD_BYTES_MAX));
  const stream = await silentCall();
  await expect(outcome).rejects.toThrow('not read for 50 ms');
  stream.resume();
  await new Promise((resolve) => stream.once('close', resolve));
  expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
});

it('notices that the caller is gone', async () => {
  chunks = Array.from({ length: 3 }, () => new Uint8Array(SENT_AHEAD_BYTES_MAX));
  const stream = await silentCall();
  stream.close(constants.NGHTTP2_CANCEL);
  await expect(outcome).rejects.toMatchObject({ code: 'CANCELLED' });
});
