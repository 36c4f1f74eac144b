import { connect, constants } from 'node:http2';
import {
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { MESSAGE_BYTES_MAX } from '@weir/proto';
import { PredictorClient, PredictorService, RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcServer, type GrpcServer } from './grpc-server.ts';

const RANK = RankRequest.decode(new Uint8Array());
const ANSWER = RankResponse.decode(new Uint8Array());

let server: GrpcServer;
let address: string;
let release: (() => void) | undefined;

beforeEach(async () => {
  release = undefined;
  server = createGrpcServer();
  server.addService(PredictorService, {
    rank: (call, callback) => {
      const answer = (): void => callback(null, ANSWER);
      if (call.metadata.get('wait').length === 0) answer();
      else release = answer;
    },
  });
  address = await server.bind('127.0.0.1:0');
});
afterEach(() => server.stop(0));

// Health and reflection are asked in raw bytes: the client side of both is no part of Weir.
const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
const rawMethod = (path: string, streams: boolean) => ({
  path,
  requestStream: streams,
  responseStream: streams,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
});
const Raw = makeGenericClientConstructor(
  {
    check: rawMethod('/grpc.health.v1.Health/Check', false),
    reflect: rawMethod('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', true),
    reflectAlpha: rawMethod('/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo', true),
  },
  'raw',
);

const textField = (field: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([(field << 3) | 2, Buffer.byteLength(text)]), Buffer.from(text)]);

/** 1 SERVING, 2 NOT_SERVING; the gRPC status if the call fails. */
function checkHealth(service: string): Promise<number> {
  const client = new Raw(address, credentials.createInsecure());
  return new Promise((resolve) => {
    client.check!(textField(1, service), (error: ServiceError | null, answer: Buffer) => {
      client.close();
      resolve(error === null ? answer[1]! : -error.code);
    });
  });
}

function reflect(method: 'reflect' | 'reflectAlpha', request: Buffer): Promise<string> {
  const client = new Raw(address, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    const stream = client[method]!();
    stream.on('error', reject);
    stream.on('data', (answer: Buffer) => {
      stream.end();
      client.close();
      resolve(answer.toString('latin1'));
    });
    stream.write(request);
  });
}

describe('a gRPC server', () => {
  it('answers health checks for itself and each service', async () => {
    expect(await checkHealth('')).toBe(1);
    expect(await checkHealth('weir.v1.Predictor')).toBe(1);
    expect(await checkHealth('weir.v1.Absent')).toBe(-status.NOT_FOUND);
  });

  it('reflects its services and their messages', async () => {
    const list = textField(7, '*');
    for (const method of ['reflect', 'reflectAlpha'] as const) {
      const services = await reflect(method, list);
      expect(services).toContain('weir.v1.Predictor');
      expect(services).not.toContain('weir.v1.ParameterServer');
    }
    expect(await reflect('reflect', textField(4, 'weir.v1.Predictor'))).toContain('RankRequest');
  });

  it('refuses a message over the limit and goes on', async () => {
    const client = new PredictorClient(address, credentials.createInsecure());
    const rank = (servingId: string): Promise<number> =>
      new Promise((resolve) => {
        client.rank({ ...RANK, servingId }, (error: ServiceError | null) => resolve(error?.code ?? 0));
      });
    expect(await rank('x'.repeat(MESSAGE_BYTES_MAX + 1))).toBe(status.RESOURCE_EXHAUSTED);
    expect(await rank('x')).toBe(status.OK);
    client.close();
  });

  it('names an occupied port and what to do', async () => {
    const other = createGrpcServer({ listenFlag: '--grpc-listen' });
    await expect(other.bind(address)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(new RegExp(`^${address} is in use.*--grpc-listen`)),
    });
  });

  it('names an address that it cannot have', async () => {
    await expect(createGrpcServer().bind('192.0.2.1:0')).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('192.0.2.1:0'),
    });
  });
});

describe('the stop of a gRPC server', () => {
  const waitingCall = (client: PredictorClient): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const metadata = new Metadata();
    metadata.set('wait', '1');
    client.rank(RANK, metadata, (error: ServiceError | null) => resolve(error?.code ?? 0));
    return promise;
  };

  it('lets a running call finish', async () => {
    const client = new PredictorClient(address, credentials.createInsecure());
    const answered = waitingCall(client);
    await until(() => release !== undefined);
    const stopped = server.stop(60_000);
    release!();
    expect(await answered).toBe(status.OK);
    client.close();
    await stopped;
  });

  it('cuts a call that outlasts the timeout', async () => {
    const client = new PredictorClient(address, credentials.createInsecure());
    const answered = waitingCall(client);
    await until(() => release !== undefined);
    await server.stop(10);
    expect(await answered).not.toBe(status.OK);
    client.close();
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('messages of which only a part comes', () => {
  it('are bounded over all calls: the one that holds the most is ended, others go on', async () => {
    const bounded = createGrpcServer({ halfMessageBytesMax: 1024 * 1024 });
    bounded.addService(PredictorService, { rank: (_call, callback) => callback(null, ANSWER) });
    const where = await bounded.bind('127.0.0.1:0');
    const session = connect(`http://${where}`);
    const half = (bytes: number) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': PredictorService.rank.path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => undefined);
      // A message of 16 MiB is announced.
      stream.write(Buffer.from([0, 1, 0, 0, 0]));
      stream.write(Buffer.alloc(bytes));
      return stream;
    };
    const most = half(900 * 1024);
    const little = half(100 * 1024);
    const more = half(100 * 1024);
    await new Promise<void>((resolve) => {
      most.on('close', resolve);
    });
    expect(most.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect([little.closed, more.closed]).toEqual([false, false]);
    const client = new PredictorClient(where, credentials.createInsecure());
    await new Promise((resolve, reject) => {
      client.rank(RANK, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
    client.close();
    session.destroy();
    await bounded.stop(0);
  });
});
