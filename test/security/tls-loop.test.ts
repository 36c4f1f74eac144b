// Every service as a process under mutual TLS: the whole loop works, and nothing listens that speaks plainly or lets in who has no
// certificate.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import { connect, type TlsOptions, type Weir } from '@weir/sdk';
import { connectStreams } from '@weir/streams/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceStages, topology, topologyFile } from '../../cli/src/local-cluster/service-commands.ts';
import { runWeir } from '../e2e/run-weir.ts';
import { type CertificateAuthority, issueForLoopback, makeAuthority, writeIdentity } from './certificates.ts';
import { listeningPorts } from './listening-ports.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const CALLS_NOBODY = ['ps', 'streams'];

let folder: string;
let authority: CertificateAuthority;
let caFile: string;
let tls: TlsOptions;
let clientFlags: readonly string[];
const services = new Map<string, ServiceProcess>();
let seeds: readonly string[];
let streamsAddress: string;
let weir: Weir;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-tls-loop-'));
  authority = await makeAuthority();
  caFile = join(folder, 'ca.crt');
  await writeFile(caFile, authority.certificate);
  const operator = await authority.issue({ name: 'operator', purpose: 'client' });
  const files = writeIdentity(folder, 'operator', operator);
  clientFlags = ['--ca', caFile, '--client-cert', files.certificate, '--client-key', files.key];
  tls = { ca: authority.certificate, cert: operator.certificate, key: operator.key };
  await startAll();
  weir = await connect({ seeds, clientId: 'test', tls });
}, 120_000);

afterAll(async () => {
  await weir?.close();
  await Promise.all([...services.values()].map((service) => service.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function startAll(): Promise<void> {
  const ports = await freePorts(14);
  const next = (): string => `127.0.0.1:${ports.pop()!}`;
  const serving = () => ({ listen: next(), admin: next() });
  const addresses = {
    shards: [serving(), serving()],
    streams: serving(),
    collector: serving(),
    stitchers: [{ admin: next() }],
    trainers: [{ admin: next() }],
    predictor: serving(),
  };
  seeds = addresses.shards.map(({ listen }) => listen);
  streamsAddress = addresses.streams.listen;
  const folders = { data: join(folder, 'data'), run: join(folder, 'run'), logs: join(folder, 'logs') };
  await Promise.all(Object.values(folders).map((path) => mkdir(path)));
  await writeFile(topologyFile(folders), topology(addresses));
  const stages = serviceStages(addresses, folders, {
    model: 'lr',
    schema: undefined,
    labels: ['click'],
    attributionMs: { click: 200 },
    policy: 'wait',
    window: 1,
    deterministic: false,
    tableSet: 'tls',
    partitions: 1,
    freezeAfter: undefined,
    isStitcherAlone: true,
  });
  const canary = {
    name: 'canary',
    argv: [
      ...['canary', '--predictor', addresses.predictor.listen, '--collector', addresses.collector.listen],
      ...['--interval-ms', '200'],
    ],
  };
  await Promise.all(
    [...stages.flat(), canary].map(async ({ name, argv }) => {
      const identity = writeIdentity(folder, name, await issueForLoopback(authority, { name }));
      const server = [
        '--tls-cert',
        identity.certificate,
        '--tls-key',
        identity.key,
        '--tls-client-ca',
        caFile,
      ];
      const client = ['--ca', caFile, '--client-cert', identity.certificate, '--client-key', identity.key];
      const flags = CALLS_NOBODY.includes(argv[0]!) ? server : [...server, ...client];
      const logFile = join(folders.logs, `${name}.log`);
      services.set(name, await spawnService({ name, command: [MAIN, ...argv, ...flags], logFile }));
    }),
  );
}

function adminJson(service: string, path: string): Promise<unknown> {
  const [host, port] = services.get(service)!.admin.split(':');
  const { ca, cert, key } = tls as Record<'ca' | 'cert' | 'key', string>;
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, ca, cert, key }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += String(part);
      });
      response.on('end', () => resolve(path === '/metrics' ? text : JSON.parse(text)));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** What comes back for a plain request: nothing, on a port with TLS. */
function plainAnswer(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connectPlain(port, '127.0.0.1', () =>
      socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'),
    );
    socket.on('data', (part) => {
      text += String(part);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** Whose certificate a port shows, if the authority vouches for it. */
function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(
      { port, host: '127.0.0.1', ca: authority.certificate, minVersion: 'TLSv1.2' },
      () => {
        resolve(`${socket.getPeerCertificate().subject.CN} ${socket.getProtocol()}`);
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}

describe('every service under mutual TLS', () => {
  it('a synthetic request comes through the whole loop: ranked, logged, stitched, learned, delivered', async () => {
    for (;;) {
      const { attempts } = (await adminJson('canary', '/canary')) as { attempts: Record<string, number> };
      if (attempts.ok! > 0) break;
      await sleep(100);
    }
  }, 120_000);

  it('tables, pushes, pulls, subscriptions and barriers of the client library', async () => {
    const name = 'tls/rows';
    await weir.tables.create({ name, dim: 2, optimizer: { kind: 'sum' } });
    const table = await weir.table(name);
    const keys = BigUint64Array.from({ length: 100 }, (_, i) => BigInt(i));
    const { acks } = await table.push(keys, new Float32Array(200).fill(1));
    expect(acks).toHaveLength(2);
    expect(await table.pull(keys)).toEqual(new Float32Array(200).fill(1));
    const ending = new AbortController();
    let rows = 0;
    for await (const delta of table.subscribe({ signal: ending.signal })) {
      rows += delta.keys.length;
      if (rows >= 100) break;
    }
    ending.abort();
    const group = await weir.group('tls', { member: 'alone', leaseMs: 5_000 });
    const { parts } = await group.sync(group.nextStep, [
      { name: 'sum', type: 'f32', reduce: 'sum', value: Float32Array.of(2, 3) },
    ]);
    expect(parts[0]!.value).toEqual(Float32Array.of(2, 3));
    await group.leave();
  });

  it('verbs of the command line', async () => {
    const status = await runWeir(['status', '--seeds', seeds.join(','), '--json', ...clientFlags]);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('"shard-1"') });
    const source = await runWeir([
      ...[
        'source',
        'describe',
        'trainer-tls',
        '--seeds',
        seeds[0]!,
        '--streams',
        streamsAddress,
        ...clientFlags,
      ],
    ]);
    expect(source.stderr).not.toMatch(/UNAUTHENTICATED|UNAVAILABLE/);
    const drained = await runWeir([
      'drain',
      '--admin',
      services.get('shard-0')!.admin,
      '--json',
      ...clientFlags,
    ]);
    expect(drained).toMatchObject({ code: 0, stdout: expect.stringContaining('low_mark') });
    const plain = await runWeir(['status', '--seeds', seeds[0]!]);
    expect(plain).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/CONFIGURATION.*speaks TLS only.*--ca/),
    });
    const stranger = await runWeir(['status', '--seeds', seeds[0]!, '--ca', caFile]);
    expect(stranger).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('wants a client certificate'),
    });
    const half = await runWeir(['status', '--seeds', seeds[0]!, '--client-cert', caFile]);
    expect(half).toMatchObject({ code: 2, stderr: expect.stringContaining('--client-key') });
  }, 120_000);

  it('no port of any process answers without TLS, or with an older version', async () => {
    for (const [name, { pid }] of services) {
      const ports = listeningPorts(pid);
      // gRPC, HTTP and the admin port, as far as a service has them.
      expect(ports.length, name).toBeGreaterThanOrEqual(1);
      for (const port of ports) {
        expect({ name, port, answer: await plainAnswer(port) }).toEqual({ name, port, answer: '' });
        expect(await shownBy(port)).toBe(`${name} TLSv1.3`);
      }
    }
    const counts = [...services].map(([name, { pid }]) => [name, listeningPorts(pid).length]);
    expect(Object.fromEntries(counts)).toMatchObject({
      'shard-0': 2,
      streams: 2,
      collector: 3,
      predictor: 3,
      'trainer-0': 1,
    });
  });

  it('says when certificates end, and who was not let in', async () => {
    const metrics = String(await adminJson('shard-0', '/metrics'));
    const expiry = /^weir_tls_certificate_expiry\{use="listener"\} (\S+)/m.exec(metrics)?.[1];
    const hours = (Number(expiry) - Date.now() / 1000) / 3_600;
    expect(hours).toBeGreaterThan(20);
    expect(hours).toBeLessThan(25);
    expect(metrics).toMatch(/^weir_tls_certificate_expiry\{use="listener_ca"\} /m);
    const streams = connectStreams({ address: seeds[0]!, tls: { ca: authority.certificate } });
    await streams.endOffsets('samples', { timeoutMs: 1_000 }).catch(() => {});
    await streams.close();
    const after = String(await adminJson('shard-0', '/metrics'));
    for (const reason of ['plain', 'no_certificate']) {
      expect(after).toMatch(
        new RegExp(`^weir_tls_handshakes_failed_total\\{reason="${reason}"\\} [1-9]`, 'm'),
      );
    }
  });

  it('no log has a word of a private key', async () => {
    for (const name of services.keys()) {
      expect(await readFile(join(folder, 'logs', `${name}.log`), 'utf8')).not.toContain('PRIVATE KEY');
    }
  });
});

describe('an address that other machines reach', () => {
  it.each([
    ['--listen', '0.0.0.0:0'],
    ['--admin-listen', '[::]:0'],
    ['--admin-listen', '10.1.2.3:0'],
  ])('is refused without TLS: %s %s', async (flag, address) => {
    const data = join(folder, 'nowhere');
    const { code, stderr } = await runWeir(['streams', '--data', data, flag, address]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/CONFIGURATION: .*without TLS.*--tls-cert.*--insecure/);
    expect(stderr).toContain(`${flag} ${address}`);
    expect(existsSync(data)).toBe(false);
  });
});
