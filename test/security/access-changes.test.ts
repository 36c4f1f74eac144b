// What becomes of clients when the access file changes under them, and who they are by their certificates: real shards.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, type ServiceProcess, spawnService, tokenHash } from '@weir/runtime';
import { type ConnectOptions, connect, OutcomeUnknownError, type WeirError } from '@weir/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAIN } from '../e2e/run-weir.ts';
import { type Identities, tokenOf, writeAccessFile } from './access/access-file.ts';
import { type CertificateAuthority, issueForLoopback, makeAuthority, writeIdentity } from './certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-access-changes-'));
const access = join(folder, 'access.json');
const OPERATOR = { tokens: [tokenHash(tokenOf('operator'))], tables: { '*/*': 'admin' } } as const;
const TRAINER = { tokens: [tokenHash(tokenOf('trainer'))], tables: { 'default/*': 'write' } } as const;
const ALL: Identities = { operator: OPERATOR, trainer: TRAINER };

const shards: ServiceProcess[] = [];
afterAll(async () => {
  for (const shard of shards) await shard.stop();
  rmSync(folder, { recursive: true });
});

async function startShard(name: string, ...flags: string[]): Promise<ServiceProcess> {
  const [port] = await freePorts(1);
  const topology = join(folder, `${name}.json`);
  const address = `127.0.0.1:${port}`;
  writeFileSync(topology, JSON.stringify({ epoch: 1, shards: [{ id: name, address }] }));
  const own = ['--id', name, '--listen', address, '--topology', topology, '--data', join(folder, name)];
  const shard = await spawnService({ name, command: [MAIN, 'ps', ...own, '--access', access, ...flags] });
  shards.push(shard);
  return shard;
}

const COUNTS = { name: 'counts', dim: 1, optimizer: { kind: 'sum' }, initializer: { kind: 'zero' } } as const;
const KEY = BigUint64Array.of(7n);
const ONE = Float32Array.of(1);

describe('a token that is revoked while its client pushes', () => {
  it('makes what was not answered of unknown outcome: nothing that is said to be refused is applied, and what is repeated counts once', async () => {
    writeAccessFile(access, ALL);
    const shard = await startShard('shard-0');
    const as = (identity: string) =>
      connect({ seeds: [shard.listen], clientId: identity, token: tokenOf(identity), batchRows: 1 });
    await using operator = await as('operator');
    await operator.tables.create(COUNTS);
    await using trainer = await as('trainer');
    const table = await trainer.table('counts');
    let applied = 0;
    let refused = 0;
    let stopping = false;
    const unknown: OutcomeUnknownError[] = [];
    const push = async (): Promise<void> => {
      while (!stopping) {
        try {
          await table.push(KEY, ONE, { timeoutMs: 20_000 });
          applied++;
        } catch (error) {
          if (error instanceof OutcomeUnknownError) unknown.push(error);
          else {
            expect((error as WeirError).code).toBe('UNAUTHENTICATED');
            refused++;
          }
          await sleep(20);
        }
      }
    };
    const pushers = Array.from({ length: 32 }, push);
    for (let round = 0; round < 3; round++) {
      const before = applied;
      while (applied < before + 100) await sleep(10);
      const refusedBefore = refused;
      writeAccessFile(access, { operator: OPERATOR });
      while (refused === refusedBefore) await sleep(10);
      writeAccessFile(access, ALL);
    }
    const before = applied;
    while (applied < before + 100) await sleep(10);
    stopping = true;
    await Promise.all(pushers);
    for (const error of unknown) {
      await error.retry({ timeoutMs: 30_000 });
      applied++;
    }
    expect(refused).toBeGreaterThan(0);
    const counts = await operator.table('counts');
    expect((await counts.pull(KEY))[0]).toBe(applied);
  });
});

describe('with mutual TLS', () => {
  let authority: CertificateAuthority;
  let seeds: string[];
  beforeAll(async () => {
    authority = await makeAuthority();
    const server = writeIdentity(folder, 'server', await issueForLoopback(authority));
    const ca = join(folder, 'ca.crt');
    writeFileSync(ca, authority.certificate);
    writeAccessFile(access, {
      ...ALL,
      by_uri: { certificates: ['URI:spiffe://weir/trainer'], tables: { 'default/*': 'admin' } },
      by_name: { certificates: ['CN:reader'], tables: { 'default/*': 'read' } },
    });
    const tls = ['--tls-cert', server.certificate, '--tls-key', server.key, '--tls-client-ca', ca];
    seeds = [(await startShard('secured', ...tls)).listen];
  });

  async function as(options: { name: string; uri?: readonly string[] }, more: Partial<ConnectOptions> = {}) {
    const { certificate, key } = await authority.issue({ ...options, purpose: 'client' });
    const tls = { ca: authority.certificate, cert: certificate, key };
    return connect({ seeds, clientId: 'test', tls, timeoutMs: 10_000, ...more });
  }

  it('a certificate is an identity, by a name that it has', async () => {
    await using trainer = await as({ name: 'whoever', uri: ['spiffe://weir/trainer'] });
    await trainer.tables.create(COUNTS);
    await using reader = await as({ name: 'reader' });
    const table = await reader.table('counts');
    expect((await table.pull(KEY))[0]).toBe(0);
    await expect(table.push(KEY, ONE)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('by_name lacks the role write'),
    });
  });

  it('one of the same authority that nobody named is refused', async () => {
    await expect(as({ name: 'stranger' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('CN:stranger'),
    });
  });

  it('a token comes before a certificate, also a wrong one', async () => {
    await using trainer = await as({ name: 'reader' }, { token: tokenOf('trainer') });
    const table = await trainer.table('counts');
    await table.push(KEY, ONE);
    await expect(as({ name: 'reader' }, { token: 'wrong' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});
