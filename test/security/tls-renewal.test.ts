// Certificates are renewed while calls go on: nothing fails, new connections get what is new, what cannot be used is not taken.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Metadata } from '@grpc/grpc-js';
import { ClientCredentials, secureCalls } from '@weir/proto';
import { PredictorClient, PredictorService, RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import {
  createGrpcServer,
  type GrpcServer,
  openSecurity,
  type ProcessSecurity,
  peerIdentityOfCall,
} from '@weir/runtime';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAdminServer } from '../../runtime/src/admin/admin-server.ts';
import { type CertificateAuthority, type Identity, issueForLoopback, makeAuthority } from './certificates.ts';

const POLL_MS = 20;
const RANK = RankRequest.decode(new Uint8Array());
const ANSWER = RankResponse.decode(new Uint8Array());

interface Line {
  readonly msg: string;
  readonly level: number;
}

let folder: string;
let authority: CertificateAuthority;
let lines: Line[];
let security: ProcessSecurity;
let server: GrpcServer;
let address: string;
/** Common names of the clients whose calls came, in their order. */
let callers: (string | undefined)[];

/** As Kubernetes gives a secret: files behind a link to a folder, which is swapped as a whole. */
function mount(version: string, { certificate, key }: Identity, ca = authority.certificate): void {
  const data = join(folder, version);
  mkdirSync(data);
  writeFileSync(join(data, 'tls.crt'), certificate);
  writeFileSync(join(data, 'tls.key'), key);
  writeFileSync(join(data, 'ca.crt'), ca);
  symlinkSync(data, join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'current'));
}

const file = (name: string): string => join(folder, 'current', name);
const errors = (): string[] => lines.filter(({ level }) => level >= 50).map(({ msg }) => msg);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(POLL_MS);
}

/** Common name of the certificate that a new connection is shown. */
function shown(at = address): Promise<string> {
  const [host, port] = at.split(':');
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function rank(client: PredictorClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.rank(RANK, new Metadata(), { deadline: Date.now() + 10_000 }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

const clientOf = (credentials: ClientCredentials): PredictorClient =>
  new PredictorClient(address, credentials, {
    'grpc.use_local_subchannel_pool': 1,
    ...secureCalls(credentials, address),
  });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-renewal-'));
  authority = await makeAuthority();
  lines = [];
  callers = [];
  mount('v1', await issueForLoopback(authority, { name: 'first' }));
  const out = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)) as Line);
      done();
    },
  });
  security = openSecurity(
    {
      tlsCert: file('tls.crt'),
      tlsKey: file('tls.key'),
      tlsClientCa: file('ca.crt'),
      insecure: false,
      ca: file('ca.crt'),
      clientCert: file('tls.crt'),
      clientKey: file('tls.key'),
    },
    pino({}, out),
    POLL_MS,
  );
  server = createGrpcServer({ security: security.listeners });
  server.addService(PredictorService, {
    rank: (call, callback) => {
      callers.push(peerIdentityOfCall(call)?.commonName);
      callback(null, ANSWER);
    },
  });
  address = await server.bind('127.0.0.1:0');
});
afterEach(async () => {
  security.stop();
  await server.stop(1_000);
  rmSync(folder, { recursive: true });
});

describe('renewed certificates', () => {
  it('are shown to new connections on every listener, while calls on old and new ones all succeed', async () => {
    const log = pino({ level: 'silent' });
    const admin = await startAdminServer({
      listen: '127.0.0.1:0',
      security: security.listeners,
      log,
      renderMetrics: async () => '',
    });
    const credentials = new ClientCredentials(security.clients.tls);
    const steady = clientOf(credentials);
    let isOver = false;
    const onOneConnection = (async () => {
      while (!isOver) await rank(steady);
    })();
    const onNewConnections = (async () => {
      while (!isOver) {
        const client = clientOf(credentials);
        await rank(client);
        client.close();
      }
    })();
    const all = Promise.all([onOneConnection, onNewConnections]);
    for (const name of ['second', 'third', 'fourth']) {
      mount(name, await issueForLoopback(authority, { name }));
      await Promise.race([all, until(async () => (await shown()) === name)]);
      expect(await shown(admin.address)).toBe(name);
      await Promise.race([all, until(() => callers.includes(name))]);
    }
    isOver = true;
    await all;
    steady.close();
    await admin.stop();
    expect(errors()).toEqual([]);
    expect(lines.filter(({ msg }) => msg === 'certificate renewed')).toHaveLength(6);
    // The connection that stood throughout is still the one that was made with the first.
    expect(new Set(callers)).toEqual(new Set(['first', 'second', 'third', 'fourth']));
  });

  it('of another authority are trusted as soon as the file says so, and its clients are', async () => {
    const next = await makeAuthority({ name: 'next authority' });
    mount(
      'v2',
      await issueForLoopback(next, { name: 'second' }),
      `${next.certificate}${authority.certificate}`,
    );
    await until(async () => (await shown()) === 'second');
    const credentials = new ClientCredentials(security.clients.tls);
    const client = clientOf(credentials);
    await rank(client);
    client.close();
    expect(callers).toEqual(['second']);
  });

  it.each([
    [
      'of which half is written',
      async (good: Identity) => ({ ...good, certificate: good.certificate.slice(0, 200) }),
    ],
    [
      'with the key of another',
      async (good: Identity) => ({ ...good, key: (await issueForLoopback(authority)).key }),
    ],
    ['that are empty', async () => ({ certificate: '', key: '' })],
  ])('%s are not taken, which is said once; the next good ones are', async (_, spoil) => {
    const good = await issueForLoopback(authority, { name: 'second' });
    mount('v2', await spoil(good));
    await until(() => errors().length === 2);
    await sleep(5 * POLL_MS);
    // One for the listeners, one for the clients.
    expect(errors()).toHaveLength(2);
    for (const error of errors()) {
      expect(error).toMatch(
        /a renewed certificate is not taken, the former one stays: .*current.tls\.(crt|key)/,
      );
      expect(error).not.toContain('PRIVATE');
    }
    const client = clientOf(new ClientCredentials(security.clients.tls));
    await rank(client);
    client.close();
    expect(await shown()).toBe('first');
    mount('v3', good);
    await until(async () => (await shown()) === 'second');
  });

  it('are not doubted when certificate and key are replaced one after the other', async () => {
    const { certificate, key } = await issueForLoopback(authority, { name: 'second' });
    writeFileSync(file('tls.crt'), certificate);
    writeFileSync(file('tls.key'), key);
    await until(async () => (await shown()) === 'second');
    expect(errors()).toEqual([]);
  });

  it('whose file is gone leave the former ones', async () => {
    rmSync(file('tls.key'));
    await until(() => errors().length === 2);
    expect(errors()[0]).toContain('ENOENT');
    expect(await shown()).toBe('first');
  });
});

describe('a client in code', () => {
  it('whose function throws, or returns what cannot be used, goes on with the last that could', async () => {
    const { certificate: cert, key } = await issueForLoopback(authority, { name: 'in code' });
    const answers = [
      () => ({ ca: authority.certificate, cert, key }),
      () => {
        throw new Error('the file is being written');
      },
      () => ({ ca: authority.certificate, cert }),
      () => ({ ca: authority.certificate, cert: 'half', key }),
    ];
    let asked = 0;
    const credentials = new ClientCredentials(() => answers[Math.min(asked++, answers.length - 1)]!());
    for (let i = 0; i < answers.length; i++) {
      const client = clientOf(credentials);
      await rank(client);
      client.close();
    }
    expect(asked).toBeGreaterThanOrEqual(answers.length);
    expect(new Set(callers)).toEqual(new Set(['in code']));
  });
});

describe('a server that was reached before', () => {
  it('is UNAVAILABLE, and says why, while its certificate cannot be trusted; and is reached again after that', async () => {
    const stranger = await makeAuthority({ name: 'stranger' });
    const { certificate: cert, key } = await issueForLoopback(authority, { name: 'client' });
    const credentials = new ClientCredentials({ ca: authority.certificate, cert, key });
    const first = clientOf(credentials);
    await rank(first);
    first.close();
    mount('v2', await issueForLoopback(stranger, { name: 'second' }));
    await until(async () => (await shown()) === 'second');
    const second = clientOf(credentials);
    await expect(rank(second)).rejects.toMatchObject({
      code: 14,
      details: expect.stringMatching(/is not of a CA that this client trusts/),
    });
    mount('v3', await issueForLoopback(authority, { name: 'third' }));
    await until(() =>
      rank(second).then(
        () => true,
        () => false,
      ),
    );
    second.close();
  });
});
