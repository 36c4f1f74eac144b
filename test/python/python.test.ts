// The guide's Python client against real shards and a real predictor, beside the client library in TypeScript.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { categoricalKey, numericKey } from '@weir/model';
import { bytesOf, encodeFeatureBlock, packKeys, slotOfName, slotsOf } from '@weir/proto';
import { PredictorClient, type RankResponse } from '@weir/proto/v1/predictor';
import { connect, type Weir } from '@weir/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Loop } from '../../cli/src/local-cluster/loop.ts';
import { BenchShard } from '../bench/ps-shard.ts';
import { issueForLoopback, makeAuthority, writeIdentity } from '../security/certificates.ts';
import { openPlainLoop, seedsOf } from '../tools/plain-loop.ts';
import { EXAMPLE, openPython, type Python } from './run-python.ts';

const here = (script: string): string => fileURLToPath(new URL(script, import.meta.url));
const hex = (array: ArrayBufferView): string => Buffer.from(bytesOf(array)).toString('hex');

let python: Python;
let loop: Loop;
let seeds: string;
let weir: Weir;

beforeAll(async () => {
  python = openPython();
  loop = await openPlainLoop();
  seeds = seedsOf(loop).join(',');
  weir = await connect({ seeds: seedsOf(loop), clientId: 'python-test' });
});
afterAll(async () => {
  await weir?.close();
  await loop?.[Symbol.asyncDispose]();
  python?.[Symbol.dispose]();
});

describe('keys', () => {
  it('go to the shards that own them, and names and features have the keys of the model, for 1,000 of each', async () => {
    const keys = new BigUint64Array(randomBytes(8_000).buffer.slice(0, 8_000));
    const names = Array.from({ length: 1_000 }, (_, i) => `é${'x'.repeat(i % 70)}/${i}`);
    const printed = await python.run(
      here('routes.py'),
      seeds,
      JSON.stringify(Array.from(keys, String)),
      JSON.stringify(names),
    );
    const { shards, slots } = weir.routing();
    const reversed = (name: string): string => [...name].reverse().join('');
    expect(JSON.parse(printed)).toEqual({
      owners: Array.from(slotsOf(packKeys(keys)), (slot) => shards[slots[slot]!]!.id),
      slots: names.map(slotOfName),
      numeric: names.map((name) => String(numericKey(name))),
      categorical: names.map((name) => String(categoricalKey(name, reversed(name)))),
    });
  });
});

describe('rows', () => {
  interface Printed {
    readonly is_same: boolean;
    readonly once: Readonly<Record<string, number>>;
    readonly streamed: Readonly<Record<string, number>>;
    readonly refusal: string;
    readonly keys: string;
    readonly rows: string;
    readonly unknown: string;
  }

  async function expectSameRows(printed: Printed, from: Weir, table: string): Promise<void> {
    const bytes = new Uint8Array(Buffer.from(printed.keys, 'hex'));
    const keys = new BigUint64Array(bytes.buffer);
    const made = await from.table(table);
    expect(printed.rows === hex(await made.pull(keys))).toBe(true);
    expect(printed.unknown === hex(await made.pull(keys.map((key) => key ^ 1n)))).toBe(true);
    expect(printed.rows).not.toBe(printed.unknown);
  }

  it('pushed in both ways and pulled are those that the client library pulls, bit for bit', async () => {
    const printed = JSON.parse(await python.run(here('rows.py'), seeds, 'python/rows')) as Printed;
    await expectSameRows(printed, weir, 'python/rows');
    expect(printed).toMatchObject({ is_same: true, refusal: 'TABLE_EXISTS' });
    // Of one table, only pushes moved the log between the two positions.
    for (const [shard, seq] of Object.entries(printed.once)) expect(printed.streamed[shard]).toBe(seq + 3);
  });

  it('count once, though a shard is killed under the stream', async () => {
    const killed = loop.cluster.services.get('shard-1')!;
    const pid = killed.pid!;
    const pushes = 400;
    const counting = python.run(here('counts.py'), seeds, 'python/counts', String(pushes));
    const rows = async (): Promise<number> => {
      const found = (await weir.tables.list()).find(({ spec }) => spec.name === 'python/counts');
      return found?.rows ?? 0;
    };
    // Some pushes are applied, and most are not.
    await expect.poll(rows, { timeout: 20_000 }).toBe(1_000);
    process.kill(pid, 'SIGKILL');
    expect(await counting).toBe(`${pushes}.0 ${pushes}.0\n`);
    expect(killed.restarts).toBe(1);
    const counts = await (await weir.table('python/counts')).pull(
      BigUint64Array.from({ length: 1_000 }, (_, key) => BigInt(key)),
    );
    expect(new Set(counts)).toEqual(new Set([pushes]));
  });

  it('go over TLS to a server that the client trusts, with a token that may write', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-python-tls-'));
    const authority = await makeAuthority();
    const server = writeIdentity(folder, 'shard', await issueForLoopback(authority));
    const ca = join(folder, 'ca.crt');
    await writeFile(ca, authority.certificate);
    const token = 'token-of-python';
    const hash = `sha256:${createHash('sha256').update(token).digest('hex')}`;
    const access = join(folder, 'access.json');
    const identities = { python: { tokens: [hash], tables: { 'python/*': 'admin' } } };
    await writeFile(access, JSON.stringify({ identities }));
    const tls = ['--tls-cert', server.certificate, '--tls-key', server.key];
    const shard = await BenchShard.create(...tls, '--access', access);
    try {
      await shard.start();
      await using secure = await connect({
        seeds: [shard.address],
        clientId: 'python-test',
        tls: { ca: authority.certificate },
        token,
      });
      const rows = (...more: readonly string[]) =>
        python.run(here('rows.py'), shard.address, 'python/tls', ...more);
      await expect(rows(ca)).rejects.toThrow('UNAUTHENTICATED');
      const printed = JSON.parse(await rows(ca, token)) as Printed;
      await expectSameRows(printed, secure, 'python/tls');
    } finally {
      await shard.remove();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('Rank', () => {
  const docs = Array.from({ length: 20 }, (_, i) => ({ features: { doc: `d${i}`, price: 1.5 * i } }));
  const request = {
    servingId: '',
    timeMs: 0,
    user: 'u1',
    scene: '',
    docIds: docs.map(({ features }) => features.doc),
    features: encodeFeatureBlock({ context: { user: 'u1' }, docs }),
  };

  it('gives the scores that a request in TypeScript gets, bit for bit', async () => {
    const table = await weir.table(`${loop.run.name}/lr`);
    const keys = docs.map(({ features }) => categoricalKey('doc', features.doc));
    const { acks } = await table.push(
      BigUint64Array.of(numericKey('price'), ...keys),
      Float32Array.from({ length: keys.length + 1 }, (_, i) => (i - 7) / 3),
    );
    const { listen } = loop.cluster.addresses.predictor;
    const client = new PredictorClient(listen, credentials.createInsecure());
    try {
      const rank = () =>
        new Promise<RankResponse>((resolve, reject) => {
          client.rank(request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
        });
      const knowsPush = async (): Promise<boolean> => {
        const rows = (await rank()).modelVersion?.rows ?? [];
        return acks.every((ack) => rows.some(({ shard, seq }) => shard === ack.shard && seq >= ack.seq));
      };
      await expect.poll(knowsPush, { timeout: 10_000 }).toBe(true);
      const expected = await rank();
      expect(new Set(new Float32Array(new Uint8Array(expected.scores[0]!.values).buffer)).size).toBe(
        docs.length,
      );
      const printed = JSON.parse(await python.run(here('ranked.py'), listen)) as Record<string, unknown>;
      expect(printed).toEqual({
        serving_id: expect.stringMatching(/^[0-9a-f]{16}$/),
        scores: { click: hex(expected.scores[0]!.values) },
        order: Array.from(new Uint32Array(new Uint8Array(expected.order).buffer)),
      });
    } finally {
      client.close();
    }
  });
});

describe("the guide's example", () => {
  it('runs, from the table to the answer of a predictor', async () => {
    const printed = await python.run(
      join(EXAMPLE, 'example.py'),
      seeds,
      loop.cluster.addresses.predictor.listen,
    );
    expect(printed).toMatch(/-0\.03535534/);
    expect(printed).toMatch(/'shard-2': \d+/);
    expect(printed).toMatch(/[0-9a-f]{16} \{'click': array\(/);
  });
});
