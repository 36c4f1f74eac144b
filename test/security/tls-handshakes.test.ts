// Who is let in, and what the others are told: real listeners, certificates made for the test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGrpcServer, createLogger, type ListenerSecurity, openSecurity } from '@weir/runtime';
import { connect, type TlsOptions, type WeirError } from '@weir/sdk';
import { connectStreams } from '@weir/streams/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAdminServer } from '../../runtime/src/admin/admin-server.ts';
import { startJsonServer } from '../../runtime/src/http/json-server.ts';
import { channels } from '../../sdk/src/channel.ts';
import { ShardConnection } from '../../sdk/src/shard-connection.ts';
import { subscribeTable } from '../../sdk/src/subscribe.ts';
import {
  type CertificateAuthority,
  type Identity,
  issueForLoopback,
  makeAuthority,
  writeIdentity,
} from './certificates.ts';

const log = createLogger('test', 'silent', undefined, () => {});
const HOUR_MS = 3_600_000;
/** Far beyond what a refusal takes: a test that waits for it fails by its code. */
const TIMEOUT_MS = 30_000;
const TABLE = { name: 'default/rows', uid: '0'.repeat(32), dim: 1 };

let folder: string;
let authority: CertificateAuthority;
let other: CertificateAuthority;
let client: TlsOptions;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-tls-'));
  [authority, other] = await Promise.all([makeAuthority(), makeAuthority({ name: 'another authority' })]);
  const { certificate, key } = await authority.issue({ name: 'trainer-0', purpose: 'client' });
  client = { ca: authority.certificate, cert: certificate, key };
});
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true });
});

function listeners(identity: Identity, wantsClients: boolean): ListenerSecurity {
  const name = `${closing.length}`;
  const { certificate, key } = writeIdentity(folder, name, identity);
  const tlsClientCa = join(folder, `${name}.ca`);
  writeFileSync(tlsClientCa, authority.certificate);
  const settings = { tlsCert: certificate, tlsKey: key, insecure: false };
  const security = openSecurity(wantsClients ? { ...settings, tlsClientCa } : settings, log);
  closing.push(async () => security.stop());
  return security.listeners;
}

/** A server without methods of Weir: who is let in is told UNIMPLEMENTED. */
async function serve(security?: ListenerSecurity): Promise<string> {
  const server = createGrpcServer(security === undefined ? {} : { security });
  closing.push(() => server.stop(1_000));
  return await server.bind('127.0.0.1:0');
}

async function failureOf(attempt: Promise<unknown>): Promise<{ code: string; message: string }> {
  const { code, message } = (await attempt.then(
    () => expect.fail('it was let in, and answered'),
    (error: unknown) => error,
  )) as WeirError;
  return { code, message };
}

const byCluster = (address: string, tls: TlsOptions | undefined) =>
  failureOf(connect({ seeds: [address], clientId: 'test', timeoutMs: TIMEOUT_MS, tls }));

async function byStreams(address: string, tls: TlsOptions | undefined) {
  const streams = connectStreams({ address, tls });
  try {
    return await failureOf(streams.endOffsets('samples', { timeoutMs: TIMEOUT_MS }));
  } finally {
    await streams.close();
  }
}

async function bySubscription(address: string, tls: TlsOptions | undefined) {
  const connection = new ShardConnection({ id: 'shard-0', address }, channels(tls, {}), () => {});
  const ended = AbortSignal.timeout(TIMEOUT_MS);
  const deltas = subscribeTable({ shards: [{ connection }] }, TABLE, {}, ended);
  try {
    return await failureOf(deltas.next());
  } finally {
    connection.close();
  }
}

const CLIENTS = [
  ['the client of shards', byCluster],
  ['a subscription', bySubscription],
  ['the client of streams', byStreams],
] as const;

describe.each(CLIENTS)('%s', (_, attempt) => {
  it('is let in by a server of the authority that it trusts, under mutual TLS by its own certificate', async () => {
    const server = await issueForLoopback(authority);
    expect((await attempt(await serve(), undefined)).code).toBe('UNIMPLEMENTED');
    expect((await attempt(await serve(listeners(server, false)), { ca: authority.certificate })).code).toBe(
      'UNIMPLEMENTED',
    );
    expect((await attempt(await serve(listeners(server, true)), client)).code).toBe('UNIMPLEMENTED');
  });

  it('goes by the server name that it is given', async () => {
    const identity = await authority.issue({ name: 'shard', dns: ['shard-0.weir'] });
    const address = await serve(listeners(identity, false));
    const ca = authority.certificate;
    expect(await attempt(address, { ca, serverName: 'shard-0.weir' })).toMatchObject({
      code: 'UNIMPLEMENTED',
    });
    expect(await attempt(address, { ca })).toEqual({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/is not for "127\.0\.0\.1".*shard-0\.weir.*--server-name/),
    });
  });

  const past = { notBefore: new Date(Date.now() - 2 * HOUR_MS), notAfter: new Date(Date.now() - HOUR_MS) };
  const future = { notBefore: new Date(Date.now() + HOUR_MS), notAfter: new Date(Date.now() + 2 * HOUR_MS) };

  it.each([
    ['has expired', past, /has expired/],
    ['is not valid yet', future, /not valid yet: compare the clocks/],
    ['is for clients', { purpose: 'client' }, /purpose/],
  ] as const)('refuses at once a server whose certificate %s', async (_, options, words) => {
    const address = await serve(listeners(await issueForLoopback(authority, options), false));
    expect(await attempt(address, { ca: authority.certificate })).toEqual({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(words),
    });
  });

  it('refuses at once a server of another authority', async () => {
    const address = await serve(listeners(await issueForLoopback(other), false));
    const expected = {
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/not of a CA that this client trusts.*--ca/),
    };
    expect(await attempt(address, { ca: authority.certificate })).toEqual(expected);
    expect(await attempt(address, {})).toEqual(expected);
  });

  it('is told at once that its certificate is missing, of another authority, expired, or for servers', async () => {
    const address = await serve(listeners(await issueForLoopback(authority), true));
    const ca = authority.certificate;
    expect(await attempt(address, { ca })).toEqual({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/wants a client certificate.*--client-cert/),
    });
    const bad = await Promise.all([
      other.issue({ name: 'trainer-0' }),
      authority.issue({ name: 'trainer-0', ...past }),
      authority.issue({ name: 'trainer-0', purpose: 'server' }),
    ]);
    for (const { certificate: cert, key } of bad) {
      expect(await attempt(address, { ca, cert, key })).toEqual({
        code: 'UNAUTHENTICATED',
        message: expect.stringMatching(/does not accept this client's certificate/),
      });
    }
  });

  it('is told at once which side speaks plainly', async () => {
    const secured = await serve(listeners(await issueForLoopback(authority), true));
    expect(await attempt(secured, undefined)).toEqual({
      code: 'CONFIGURATION',
      message: expect.stringMatching(/speaks TLS only.*--ca/),
    });
    expect(await attempt(await serve(), { ca: authority.certificate })).toEqual({
      code: 'CONFIGURATION',
      message: expect.stringMatching(/does not speak TLS.*--tls-cert/),
    });
  });

  it('does not begin with what cannot be used', async () => {
    const begin = async (tls: TlsOptions): Promise<string> => {
      try {
        return (await attempt('127.0.0.1:1', tls)).code;
      } catch (error) {
        return (error as WeirError).code;
      }
    };
    expect(await begin({ ca: authority.certificate, cert: client.cert })).toBe('INVALID_ARGUMENT');
    expect(await begin({ ca: 'no certificate', cert: 'nor here', key: 'no key' })).toBe('INVALID_ARGUMENT');
  });
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

function get(address: string, path: string, tls: TlsOptions, method = 'GET'): Promise<Answer> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      { host, port, path, method, ca: [tls.ca as string], cert: tls.cert as string, key: tls.key as string },
      (response) => {
        let body = '';
        response.on('data', (part) => {
          body += String(part);
        });
        response.on('end', () => resolve({ status: response.statusCode!, body }));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

describe('the admin port with TLS', () => {
  const start = async (wantsClients: boolean): Promise<string> => {
    const security = listeners(await issueForLoopback(authority), wantsClients);
    const admin = await startAdminServer({
      listen: '127.0.0.1:0',
      security,
      log,
      renderMetrics: async () => 'up 1\n',
    });
    closing.push(() => admin.stop());
    admin.post('/materialise', () => 'done');
    return admin.address;
  };

  it('answers all who trust its certificate, and nobody who speaks plainly', async () => {
    const address = await start(false);
    expect(await get(address, '/metrics', { ca: authority.certificate })).toEqual({
      status: 200,
      body: 'up 1\n',
    });
    await expect(get(address, '/metrics', { ca: other.certificate })).rejects.toThrow(/certificate/);
    await expect(fetch(`http://${address}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('under mutual TLS answers probes to everybody, and all else to clients with a certificate', async () => {
    const address = await start(true);
    const stranger = await other.issue({ name: 'trainer-0' });
    const ca = authority.certificate;
    for (const tls of [{ ca }, { ca, cert: stranger.certificate, key: stranger.key }]) {
      expect((await get(address, '/healthz', tls)).status).toBe(200);
      expect((await get(address, '/readyz', tls)).status).toBe(503);
      for (const [method, path] of [
        ['GET', '/metrics'],
        ['POST', '/materialise'],
        ['GET', '/nowhere'],
      ] as const) {
        const { status, body } = await get(address, path, tls, method);
        expect(status).toBe(401);
        expect(JSON.parse(body)).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
      }
    }
    expect((await get(address, '/metrics', client)).status).toBe(200);
    expect((await get(address, '/nowhere', client)).status).toBe(404);
  });
});

describe('JSON over HTTPS', () => {
  it('answers under mutual TLS who has a certificate of the authority', async () => {
    const server = await startJsonServer({
      listen: '127.0.0.1:0',
      listenFlag: '--http-listen',
      security: listeners(await issueForLoopback(authority), true),
      bodyBytesMax: 1_000,
      routes: {},
    });
    closing.push(() => server.stop());
    const stranger = await other.issue({ name: 'trainer-0' });
    const ca = authority.certificate;
    await expect(get(server.address, '/', { ca })).rejects.toThrow(/certificate required|socket|reset/i);
    await expect(
      get(server.address, '/', { ca, cert: stranger.certificate, key: stranger.key }),
    ).rejects.toThrow(/socket|reset/i);
    expect((await get(server.address, '/', client)).status).toBe(404);
  });
});
