// The guard in front of real handlers, over real connections.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { WeirError } from '@weir/proto';
import { ParameterServerClient, ParameterServerService } from '@weir/proto/v1/parameter_server';
import { type ReadResponse, StreamsClient, StreamsService } from '@weir/proto/v1/streams';
import { type Logger, pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcServer, type GrpcServer } from '../grpc/grpc-server.ts';
import { LOOPBACK_ONLY } from '../tls/listener-security.ts';
import { type Access, openAccess } from './access.ts';
import { tokenHash } from './access-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-access-'));
const file = join(folder, 'access.json');
const FILE = {
  trainer: { tables: { 'ads/*': 'write' }, streams: { samples: 'read' } },
  admin: { tables: { '*/*': 'admin' } },
};
const tokenOf = (name: string) => `token-of-${name}`;
const writeFile = (identities: object): void => {
  const withTokens = Object.entries(identities).map(([name, entry]) => [
    name,
    { tokens: [tokenHash(tokenOf(name))], ...entry },
  ]);
  writeFileSync(file, JSON.stringify({ identities: Object.fromEntries(withTokens) }));
};

const PULLED = { requestId: 1, epoch: 1, results: [], error: undefined };

let lines: Record<string, unknown>[];
let stop: AbortController;
let server: GrpcServer;
let ps: ParameterServerClient;
let streams: StreamsClient;
let readers = 0;

const log = (): Logger =>
  pino({ level: 'error' }, { write: (line: string) => void lines.push(JSON.parse(line)) });

async function serve(access: Access): Promise<void> {
  server = createGrpcServer({
    security: { ...LOOPBACK_ONLY, access },
    tableName: (uid) => (uid === 'uid-1' ? 'ads/ctr' : undefined),
  });
  const unused = () => {
    throw new Error('not called here');
  };
  server.addService(
    { dropTable: ParameterServerService.dropTable, pullOnce: ParameterServerService.pullOnce },
    {
      dropTable: (call, callback) =>
        call.request.uid === 'broken'
          ? callback(new WeirError('STORAGE_FAILED', 'no space').toStatus())
          : callback(null, { dropped: true }),
      pullOnce: (_, callback) => callback(null, PULLED),
    },
  );
  server.addService(StreamsService, {
    ...(Object.fromEntries(Object.keys(StreamsService).map((name) => [name, unused])) as never as {
      [Name in keyof typeof StreamsService]: never;
    }),
    read: (call) => {
      readers++;
      call.on('cancelled', () => readers--);
      call.write({ records: [], endOffset: 7, incarnation: 'i' });
    },
  });
  const address = await server.bind('127.0.0.1:0');
  ps = new ParameterServerClient(address, credentials.createInsecure());
  streams = new StreamsClient(address, credentials.createInsecure());
}

beforeEach(async () => {
  lines = [];
  stop = new AbortController();
  writeFile(FILE);
  const access = await openAccess({ file, service: 'ps', log: log() });
  access.watch(stop.signal);
  await serve(access);
});
afterEach(async () => {
  stop.abort();
  ps.close();
  streams.close();
  await server.stop(0);
  rmSync(file);
});

const as = (token: string | undefined): Metadata => {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
};

type Answer<T> = (error: ServiceError | null, answer?: T) => void;

/** `OK`, or code and message. */
const said = (call: (done: Answer<unknown>) => void): Promise<string> =>
  new Promise((resolve) => {
    call((error) => {
      if (error === null) resolve('OK');
      else {
        const { code, message } = WeirError.from(error);
        resolve(`${code} ${message}`);
      }
    });
  });
const drop = (token: string | undefined, uid = 'uid-1') =>
  said((done) => ps.dropTable({ uid }, as(token), done));
const pull = (token: string | undefined, uid = 'uid-1') =>
  said((done) =>
    ps.pullOnce(
      { requestId: 1, epoch: 1, parts: [{ tableUid: uid, keys: new Uint8Array(0), encoding: 1 }] },
      as(token),
      done,
    ),
  );

describe('the guard', () => {
  it('lets in whom it knows, for what its role allows, and says what is missing', async () => {
    expect(await pull(tokenOf('trainer'))).toBe('OK');
    expect(await drop(tokenOf('admin'))).toBe('OK');
    expect(await drop(tokenOf('trainer'))).toBe(
      'PERMISSION_DENIED trainer lacks the role admin on table ads/ctr, which weir.v1.ParameterServer/DropTable needs; it has write',
    );
    expect(await pull(undefined)).toMatch(/^UNAUTHENTICATED a token is needed/);
    expect(await pull('token-of-nobody')).toBe(
      'UNAUTHENTICATED the token is not known here, or not any more',
    );
    expect(await pull('')).toMatch(/^UNAUTHENTICATED/);
  });

  it('says by its status which of the two it is', async () => {
    const codes = await Promise.all(
      [undefined, tokenOf('trainer')].map(
        (token) =>
          new Promise((resolve) => {
            ps.dropTable({ uid: 'uid-1' }, as(token), (error) => resolve(error?.code));
          }),
      ),
    );
    expect(codes).toEqual([status.UNAUTHENTICATED, status.PERMISSION_DENIED]);
  });

  it('writes a line for each action of an administrator, done, failed or refused, at any log level', async () => {
    await drop(tokenOf('admin'));
    await drop(tokenOf('admin'), 'broken');
    await drop(tokenOf('trainer'));
    await drop('token-of-nobody');
    await pull(tokenOf('trainer'));
    const action = 'weir.v1.ParameterServer/DropTable';
    expect(
      lines.map(({ msg, audit, who, on, outcome, action: of }) => [msg, audit, who, on, outcome, of]),
    ).toEqual([
      ['audit', true, 'admin', ['ads/ctr'], 'OK', action],
      ['audit', true, 'admin', ['broken'], 'STORAGE_FAILED', action],
      ['audit', true, 'trainer', ['ads/ctr'], 'PERMISSION_DENIED', action],
      ['audit', true, null, [], 'UNAUTHENTICATED', action],
    ]);
    for (const { peer } of lines) expect(peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(JSON.stringify(lines)).not.toContain('token-of');
  });

  it('writes the trace of the caller with it', async () => {
    const metadata = as(tokenOf('trainer'));
    metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    await said((done) => ps.dropTable({ uid: 'uid-1' }, metadata, done));
    expect(lines).toMatchObject([{ trace_id: '0af7651916cd43dd8448eb211c80319c' }]);
  });
});

describe('a stream that runs when the access file changes', () => {
  const begin = (token: string) => {
    const call = streams.read(
      { stream: 'samples', partition: 0, offset: 0, follow: true, incarnation: '' },
      as(token),
    );
    const first = Promise.withResolvers<ReadResponse>();
    call.on('data', first.resolve);
    const ended = new Promise<WeirError>((resolve) => {
      call.on('error', (error) => resolve(WeirError.from(error)));
    });
    return { first: first.promise, ended };
  };

  it('ends when its token is revoked, when its role is withdrawn, and not for anything else', async () => {
    writeFile({ ...FILE, reader: { streams: { '*': 'read' } }, other: { streams: { samples: 'read' } } });
    // The file of the start is known: until this one is, nobody of it is.
    while ((await pull(tokenOf('reader'))).startsWith('UNAUTHENTICATED')) await tick();
    const [trainer, reader, other] = [
      begin(tokenOf('trainer')),
      begin(tokenOf('reader')),
      begin(tokenOf('other')),
    ];
    await Promise.all([trainer.first, reader.first, other.first]);
    expect(readers).toBe(3);
    writeFile({ ...FILE, reader: { streams: { behaviour: 'read' } } });
    expect(await reader.ended).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await other.ended).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(readers).toBe(1);
    expect(await pull(tokenOf('other'))).toMatch(/^UNAUTHENTICATED/);
  });

  it('goes on, and so does everything else, when the file is broken', async () => {
    const trainer = begin(tokenOf('trainer'));
    await trainer.first;
    writeFileSync(file, '{"identities": ');
    while (!JSON.stringify(lines).includes('what it said before holds on')) await tick();
    expect(await pull(tokenOf('trainer'))).toBe('OK');
    expect(readers).toBe(1);
  });
});

describe('a call for which there is no rule', () => {
  it('is refused: an RPC that somebody forgot is closed, not open', async () => {
    const access = await openAccess({ file, service: 'ps', log: log() });
    const other = createGrpcServer({ security: { ...LOOPBACK_ONLY, access } });
    other.addService(
      { pullOnce: { ...ParameterServerService.pullOnce, path: '/weir.v1.New/Rpc' } },
      { pullOnce: (_, callback) => callback(null, {} as never) },
    );
    const address = await other.bind('127.0.0.1:0');
    const client = new ParameterServerClient(address, credentials.createInsecure());
    const { requestSerialize, responseDeserialize } = ParameterServerService.pullOnce;
    const answer = await said((done) =>
      client.makeUnaryRequest(
        '/weir.v1.New/Rpc',
        requestSerialize,
        responseDeserialize,
        { requestId: 1, epoch: 1, parts: [] },
        as(tokenOf('admin')),
        done,
      ),
    );
    expect(answer).toMatch(/^PERMISSION_DENIED .*no rule/);
    client.close();
    await other.stop(0);
  });
});

const tick = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));
