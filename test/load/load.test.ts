// Every script of k6 against real shards and a real predictor: smoke, a bounded stress, and that what must fail does.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { connect } from '@weir/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BenchShard } from '../bench/ps-shard.ts';
import { issueForLoopback, makeAuthority, writeIdentity } from '../security/certificates.ts';
import type { LoadPlan, Plan } from './k6/plan.ts';
import { SCRIPT_NAMES, SCRIPTS, type Script } from './k6/scripts.ts';
import { prepareTable } from './prepare-table.ts';
import { type K6Run, runK6, THRESHOLD_CROSSED } from './run-k6.ts';
import { type LoadWorld, openLoadWorld } from './world.ts';

const report = (name: string): string => fileURLToPath(new URL(`./reports/${name}`, import.meta.url));
/** What this machine can do is no matter of the suite; that a bound counts is shown below. */
const NO_HURRY = { p99Ms: 30_000, rate: 50, randomSeed: 1 };
const SMOKE: LoadPlan = { profile: 'smoke', vus: 2, durationS: 3, ...NO_HURRY };
const STRESS: LoadPlan = { profile: 'stress', vus: 8, durationS: 8, ...NO_HURRY };

/** What a million rows (of rank: documents) cost. */
interface Cost {
  readonly script: Script;
  readonly rows_per_s: number;
  readonly server_cpu_s_per_million_rows: number;
  readonly k6_cpu_s_per_million_rows: number;
}

let world: LoadWorld;
const costs: Cost[] = [];

beforeAll(async () => {
  world = await openLoadWorld();
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  if (costs.length === 0) return;
  await writeFile(report('costs.json'), `${JSON.stringify(costs, undefined, 2)}\n`);
  process.stdout.write(`${costs.map((cost) => JSON.stringify(cost)).join('\n')}\n`);
});

function planOf(script: Script, load: LoadPlan): Plan {
  const { cluster, predictor } = world;
  return script === 'rank' ? { load, predictor } : { load, cluster };
}

interface Summary {
  readonly metrics: Readonly<Record<string, { readonly count?: number; readonly rate?: number }>>;
}

async function rowsOf({ summary }: K6Run) {
  const { metrics } = JSON.parse(await readFile(summary, 'utf8')) as Summary;
  const count = (operation: string): number => metrics[`weir_rows{operation:${operation}}`]?.count ?? 0;
  return {
    pulled: count('pull'),
    pushed: count('push') + count('push_stream'),
    ranked: count('rank'),
    perS: metrics.weir_rows?.rate ?? 0,
  };
}

const hashOf = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;
const lastWords = async (run: K6Run) => ({ exitCode: run.exitCode, log: await readFile(run.log, 'utf8') });

describe.each(SCRIPT_NAMES)('%s', (script) => {
  it('keeps its thresholds under smoke, and counts the rows that the shards count', async () => {
    const before = await world.counts();
    const run = await runK6(script, planOf(script, SMOKE));
    expect(await lastWords(run)).toMatchObject({ exitCode: 0 });
    const after = await world.counts();
    const { pulled, pushed, ranked } = await rowsOf(run);
    expect(pulled + pushed + ranked).toBeGreaterThan(0);
    if (script === 'rank') return;
    expect({ pulled, pushed }).toEqual({
      pulled: after.pullRows - before.pullRows,
      pushed: after.pushRows - before.pushRows,
    });
  });

  it('keeps its thresholds under a bounded stress', async () => {
    const serverCpuS = world.serverCpuS(script);
    const run = await runK6(script, planOf(script, STRESS));
    expect(await lastWords(run)).toMatchObject({ exitCode: 0 });
    const { pulled, pushed, ranked, perS } = await rowsOf(run);
    const perMillion = (cpuS: number): number =>
      Number(((cpuS * 1e6) / (pulled + pushed + ranked)).toFixed(3));
    costs.push({
      script,
      rows_per_s: Math.round(perS),
      server_cpu_s_per_million_rows: perMillion(world.serverCpuS(script) - serverCpuS),
      k6_cpu_s_per_million_rows: perMillion(run.cpuS),
    });
  });

  it('leaves a page with what it measured of each operation, second by second, that needs no network', async () => {
    const page = await readFile(report(`${script}-stress.html`), 'utf8');
    const packed = /<script id="data"[^>]*>([^<]*)<\/script>/.exec(page)?.[1] ?? '';
    const data = gunzipSync(Buffer.from(packed, 'base64')).toString();
    const snapshots = data.split('\n').filter((line) => line.includes('"event":"snapshot"'));
    expect(snapshots.length).toBeGreaterThanOrEqual(STRESS.durationS - 2);
    for (const operation of SCRIPTS[script].operations) {
      expect(data).toContain(`Duration of ${operation}`);
      expect(data).toContain(`weir_rows{operation:${operation}}`);
      expect(data).toContain(`weir_duration{operation:${operation}}`);
    }
    expect(page.match(/(src|href)="https?:[^"]*/)).toBeNull();
  });
});

describe('a shard that asks who calls', () => {
  it('is loaded over mutual TLS with a token that may write, and not without one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-load-tls-'));
    const authority = await makeAuthority();
    const server = writeIdentity(folder, 'shard', await issueForLoopback(authority));
    const client = writeIdentity(folder, 'k6', await authority.issue({ name: 'k6', purpose: 'client' }));
    const ca = join(folder, 'ca.crt');
    await writeFile(ca, authority.certificate);
    const access = join(folder, 'access.json');
    const [admin, load] = ['token-of-an-admin', 'token-of-k6'];
    await writeFile(
      access,
      JSON.stringify({
        identities: {
          admin: { tokens: [hashOf(admin)], tables: { '*/*': 'admin' } },
          k6: { tokens: [hashOf(load)], tables: { 'load/*': 'write' } },
        },
      }),
    );
    const tls = ['--tls-cert', server.certificate, '--tls-key', server.key, '--tls-client-ca', ca];
    const shard = await BenchShard.create(...tls, '--access', access);
    try {
      await shard.start();
      await using weir = await connect({
        seeds: [shard.address],
        clientId: 'load',
        tls: {
          ca: authority.certificate,
          cert: await readFile(client.certificate),
          key: await readFile(client.key),
        },
        token: admin,
      });
      const cluster = await prepareTable(weir, 'load/rows', 10_000);
      const certificates = {
        WEIR_CA: ca,
        WEIR_CLIENT_CERT: client.certificate,
        WEIR_CLIENT_KEY: client.key,
      };
      const plan: Plan = { load: { ...SMOKE, durationS: 1 }, cluster };
      for (const script of ['mixed', 'push-stream'] as const) {
        const identity = { ...certificates, WEIR_TOKEN: load };
        const named = await lastWords(await runK6(script, plan, { name: `tls-${script}`, identity }));
        expect(named).toMatchObject({ exitCode: 0 });
        expect(await readFile(report(`tls-${script}.plan.json`), 'utf8')).not.toContain(load);
      }
      const nameless = { name: 'canary-tls', identity: certificates };
      const { exitCode, log } = await lastWords(await runK6('mixed', plan, nameless));
      expect(exitCode).toBe(THRESHOLD_CROSSED);
      expect(log).toMatch(/names are not known here/);
    } finally {
      await shard.remove();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a run fails', () => {
  it('when an operation takes longer than its threshold', async () => {
    const load = { ...SMOKE, durationS: 1, p99Ms: 0.001 };
    const { exitCode, log } = await lastWords(
      await runK6('pull', planOf('pull', load), { name: 'canary-slow' }),
    );
    expect(exitCode).toBe(THRESHOLD_CROSSED);
    expect(log).toMatch(/✗ 'p\(99\)<0\.001'/);
  });

  it.each(['pull', 'push', 'push-stream'] as const)(
    'when keys of %s go to a shard that does not own them',
    async (script) => {
      const { cluster } = world;
      const [moved, ...others] = cluster.slots;
      const slots = [(moved! + 1) % cluster.shards.length, ...others];
      const plan: Plan = { load: { ...SMOKE, durationS: 1 }, cluster: { ...cluster, slots } };
      const { exitCode, log } = await lastWords(await runK6(script, plan, { name: `canary-${script}` }));
      expect(exitCode).toBe(THRESHOLD_CROSSED);
      expect(log).toMatch(/NOT_OWNER|does not own/);
    },
  );
});
