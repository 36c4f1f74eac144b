import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { Metadata, status } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { PredictorService, RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGrpcServer, type GrpcServer } from './grpc-server.ts';

let server: GrpcServer;
let address: string;
let handled = 0;

beforeAll(async () => {
  server = createGrpcServer();
  server.addService(PredictorService, {
    rank: (_call, callback) => {
      handled++;
      callback(null, RankResponse.decode(new Uint8Array()));
    },
  });
  address = await server.bind('127.0.0.1:0');
});
afterAll(() => server.stop(0));

const framed = (message: Uint8Array, flag = 0, length = message.length): Buffer => {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
};
const VALID = RankRequest.encode(RankRequest.decode(new Uint8Array())).finish();

/** The status and our code of it. */
function send(body: Buffer, headers: Record<string, string> = {}): Promise<readonly (number | string)[]> {
  const session = connect(`http://${address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': PredictorService.rank.path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  return new Promise((resolve, reject) => {
    const hear = (heard: Record<string, unknown>): void => {
      if (heard['grpc-status'] === undefined) return;
      const code = WeirError.codeIn(Metadata.fromHttp2Headers(heard as never));
      resolve([Number(heard['grpc-status']), ...(code === undefined ? [] : [code])]);
      session.destroy();
    };
    stream.on('response', hear);
    stream.on('trailers', hear);
    stream.on('error', reject);
    stream.resume();
    stream.end(body);
  });
}

it('what is well formed is served', async () => {
  handled = 0;
  expect(await send(framed(VALID))).toEqual([status.OK]);
  expect(handled).toBe(1);
});

it.each([
  ['bytes that are no message', framed(Buffer.of(0x0a, 0xff)), {}],
  ['a message that the call ends in the middle of', framed(VALID, 0, VALID.length + 7), {}],
  ['a timeout that is none', framed(VALID), { 'grpc-timeout': 'soon' }],
])('%s: INVALID_ARGUMENT', async (_, body, headers) => {
  expect(await send(body, headers)).toEqual([status.INVALID_ARGUMENT, 'INVALID_ARGUMENT']);
});

it('an answer of a library with a long text of the caller in it is cut, so that it fits a header', async () => {
  const service = Buffer.alloc(70_000, 0x78);
  const name = Buffer.concat([Buffer.of(0x0a, 0xf0, 0xa2, 0x04), service]);
  expect(await send(framed(name), { ':path': '/grpc.health.v1.Health/Check' })).toEqual([status.NOT_FOUND]);
});

it('compressed messages are not taken, so that none grows a thousandfold here', async () => {
  handled = 0;
  const body = framed(gzipSync(VALID), 1);
  expect(await send(body, { 'grpc-encoding': 'gzip' })).toEqual([status.UNIMPLEMENTED, 'UNIMPLEMENTED']);
  expect(handled).toBe(0);
});
