// The shard as a process: what an operator sees.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { spawnService } from '@weir/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../testing/cluster.ts';
import { pushPart, pushRequest, RawClient, sumTable } from '../testing/raw-client.ts';

const SCRIPT = fileURLToPath(new URL('../testing/shard.ts', import.meta.url));

describe('a running cluster', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ shards: 2, durability: 'machine' });
  });
  afterAll(() => cluster.stop());

  it('answers on every seed with the same routing table', async () => {
    const clients = cluster.seeds.map((seed) => new RawClient(seed));
    const [first, second] = await Promise.all(clients.map((client) => client.routing()));
    expect(first).toEqual(second);
    expect(first?.shards.map(({ address }) => address)).toEqual(cluster.seeds);
    const shards = await Promise.all(clients.map((client) => client.describe()));
    expect(shards.map(({ id }) => id)).toEqual(['shard-0', 'shard-1']);
    expect(shards[0]!.slotsOwned + shards[1]!.slotsOwned).toBe(1024);
    for (const client of clients) client.close();
  });

  it('tells its health over gRPC and HTTP, and its metrics', async () => {
    const client = new RawClient(cluster.seeds[0]!);
    await client.create(sumTable('doc', 1));
    await client.push(pushRequest(0, [pushPart('uid-doc', [2n, 4n, 6n], [1, 1, 1])])).catch(() => undefined);
    client.close();
    const admin = `http://${cluster.admins[0]}`;
    expect((await fetch(`${admin}/healthz`)).status).toBe(200);
    expect((await fetch(`${admin}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${admin}/metrics`)).text();
    for (const name of [
      'ps_push_rows',
      'ps_pull_rows',
      'ps_delta_rows',
      'ps_pushes',
      'ps_push_duplicates',
      'ps_table_rows',
      'ps_log_bytes',
      'ps_commit_records',
    ]) {
      expect(metrics).toContain(name);
    }
    expect(metrics).toMatch(/ps_table_rows.*table="default\/doc"/);
    expect(await health(cluster.seeds[0]!)).toBe('SERVING');
  });

  it('keeps what was acknowledged over a restart and a kill, at the same address', async () => {
    const client = new RawClient(cluster.seeds[1]!);
    await client.create(sumTable('kept', 1));
    const keys = Array.from({ length: 50 }, (_, i) => BigInt(i));
    const owned: bigint[] = [];
    for (const key of keys) {
      const pushed = client.push(pushRequest(0, [pushPart('uid-kept', [key], [1])]));
      await pushed.then(
        () => owned.push(key),
        () => undefined,
      );
    }
    expect(owned.length).toBeGreaterThan(0);
    await cluster.restart(1);
    await cluster.kill(1);
    await cluster.restart(1);
    client.close();
    const again = new RawClient(cluster.seeds[1]!);
    expect([...(await again.rows('uid-kept', owned))]).toEqual(owned.map(() => 1));
    again.close();
  });
});

describe('a shard that cannot start', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weir-service-'));
    await mkdir(join(dir, 'data'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const start = (topology: string, more: readonly string[] = []) =>
    spawnService({
      command: [SCRIPT, '--id', 'shard-0', '--data', join(dir, 'data'), '--topology', topology, ...more],
      name: 'shard-0',
    });
  const topologyFile = async (name: string, text: string): Promise<string> => {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  };

  it('says that the topology file is absent, malformed, or does not name it', async () => {
    const malformed = await topologyFile('malformed.json', '{"epoch": 1, "shards": [{"id": "shard-0"}]}');
    const other = await topologyFile(
      'other.json',
      '{"epoch": 1, "shards": [{"id": "shard-9", "address": "127.0.0.1:7070"}]}',
    );
    const outcomes = await Promise.allSettled([
      start(join(dir, 'none.json')),
      start(malformed),
      start(other),
    ]);
    const messages = outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : ''));
    expect(messages[0]).toMatch(/none\.json.*ENOENT/s);
    expect(messages[1]).toMatch(/malformed\.json.*shards\[0\]\.address/s);
    expect(messages[2]).toMatch(/shard-0.*shard-9/s);
  });

  it('says that its port is occupied', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const topology = await topologyFile(
      'good.json',
      '{"epoch": 1, "shards": [{"id": "shard-0", "address": "127.0.0.1:7070"}]}',
    );
    await expect(start(topology, ['--listen', `127.0.0.1:${port}`])).rejects.toThrow(
      new RegExp(`127\\.0\\.0\\.1:${port} is in use`),
    );
    server.close();
  });
});

/** What `grpc.health.v1.Health/Check` says about the whole server. */
function health(address: string): Promise<string> {
  const STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING'];
  const Health = makeClientConstructor(
    {
      check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestSerialize: () => Buffer.alloc(0),
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        // One field: 1, varint.
        responseDeserialize: (bytes: Buffer) => STATUS[bytes[1] ?? 0]!,
      },
    },
    'Health',
  );
  const client = new Health(address, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.check?.({}, (error: ServiceError | null, answer: string) => {
      client.close();
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}
