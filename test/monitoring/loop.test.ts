// A real loop with users and a canary, its metrics, and a real Prometheus over it.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CLOSED_SETS } from './closed-sets.ts';
import { listedInstruments, prometheusName, seriesNames } from './metrics-doc.ts';
import { startPrometheus } from './prometheus.ts';
import { openWorld, type World } from './world.ts';

const WAIT = { timeout: 120_000, interval: 500 };
/** Of a shard that is gone: `for` of its alert, and some for scraping. */
const FIRES_MS = 90_000;

let world: World;
const adminJson = async (admin: string, path: string): Promise<Record<string, unknown>> =>
  (await (await fetch(`http://${admin}${path}`)).json()) as Record<string, unknown>;
const attempts = async (): Promise<Record<string, number>> =>
  (await adminJson(world.canary.admin, '/canary')).attempts as Record<string, number>;
const firstOf = (job: string): string => world.targets.find((target) => target.job === job)!.admin;

beforeAll(async () => {
  world = await openWorld();
  await vi.waitFor(async () => expect((await attempts()).ok).toBeGreaterThanOrEqual(3), WAIT);
});
afterAll(() => world?.[Symbol.asyncDispose]());

describe('a canary', () => {
  it('goes through the whole loop and back, and counts as no user', async () => {
    const { rank_calls: rankCalls } = await adminJson(firstOf('weir-predictor'), '/counters');
    const { requests, orphans, rejected, reasons } = await adminJson(firstOf('weir-stitcher'), '/counters');
    // Answers that were given while these were read are on one side only.
    expect(Number(rankCalls)).toBeLessThanOrEqual(world.requests() + 2);
    expect(Number(requests)).toBeLessThanOrEqual(world.requests() + 2);
    expect([orphans, rejected], JSON.stringify(reasons)).toEqual([0, 0]);
    const figures = await Promise.all(
      world.targets
        .filter(({ job }) => job === 'weir-trainer')
        .map(({ admin }) => adminJson(admin, '/evaluation')),
    );
    const trained = figures.reduce((sum, figure) => sum + Number(figure.requests), 0);
    expect(trained).toBeLessThanOrEqual(world.requests());
  });
});

describe('docs/metrics.md', () => {
  it('lists the instruments that the services make: names, kinds, units, meanings', async () => {
    const made = await world.instruments();
    const row = (one: { name: string; kind: string; unit: string }, meaning: string) =>
      `${one.name} | ${one.kind} | ${one.unit} | ${meaning}`;
    const found = new Set(made.map((one) => row(one, one.description)));
    const listed = new Set(listedInstruments().map((one) => row(one, one.meaning)));
    expect([...found].filter((one) => !listed.has(one))).toEqual([]);
    expect([...listed].filter((one) => !found.has(one))).toEqual([]);
  });

  it('lists every attribute of what is exported, and its values are of closed sets', async () => {
    const attributes = new Map(
      listedInstruments().flatMap((one) =>
        seriesNames(one).map((name) => [name, new Set(['le', ...one.attributes.map(prometheusName)])]),
      ),
    );
    const wrong = new Set<string>();
    for (const { admin } of world.targets) {
      const text = await (await fetch(`http://${admin}/metrics`)).text();
      for (const [, name, labels = ''] of text.matchAll(/^([a-z0-9_]+)(?:\{(.*)\})? \S+$/gm)) {
        const allowed = attributes.get(name!);
        if (allowed === undefined) wrong.add(`${name} is not listed`);
        for (const [, label, value] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
          if (allowed?.has(label!) !== true) wrong.add(`${name} has ${label}`);
          if (CLOSED_SETS[label!]?.test(value!) !== true) wrong.add(`${label}="${value}" of ${name}`);
        }
      }
    }
    expect([...wrong]).toEqual([]);
  });
});

describe('a real Prometheus', () => {
  it('sees the loop, fires when a shard is gone, and sees the canary fail', async () => {
    await using prometheus = await startPrometheus(world.targets);
    const up = () => prometheus.query('sum(up{job=~"weir-.+"})').catch(() => []);
    await expect.poll(up, WAIT).toEqual([world.targets.length]);
    const pushed = () => prometheus.query('sum(ps_push_rows_total) > bool 0');
    await expect.poll(pushed, WAIT).toEqual([1]);
    const shard = (await prometheus.alerts()).filter(({ alert }) => alert === 'WeirShardDown');
    expect(shard).toEqual([]);

    const okBefore = (await attempts()).ok;
    const gone = world.loop.cluster.addresses.shards[1]!.admin;
    await world.loop.cluster.services.get('shard-1')!.stop();
    const states = async () =>
      (await prometheus.alerts())
        .filter(({ alert }) => alert === 'WeirShardDown')
        .map(({ state, instance }) => `${state} ${instance}`);
    await expect.poll(states, WAIT).toEqual([`pending ${gone}`]);
    await expect.poll(states, { timeout: FIRES_MS, interval: 500 }).toEqual([`firing ${gone}`]);
    const { ok, timeout = 0, rank_failed: rankFailed = 0 } = await attempts();
    // At most one was through the shard when it went.
    expect(ok).toBeLessThanOrEqual(okBefore! + 2);
    expect(timeout + rankFailed).toBeGreaterThan(0);
  });
});
