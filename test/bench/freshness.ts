// From a click to the first answer that knows of it: the whole loop as `weir dev` starts it, policy `fast`, under live
// traffic. Begins when the streams server stamps the behaviour's append, ends when a rank request that was scored with the
// document's row as the click changed it is answered.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Loop, openLoop } from '../../cli/src/local-cluster/loop.ts';
import { preload } from '../preload.ts';
import { Load } from './freshness/load.ts';
import { LOOK_INTERVAL_MS, Probes } from './freshness/probes.ts';
import {
  type Durations,
  durations,
  followClicks,
  STAGES,
  type Stage,
  sightings,
  stitchedMs,
} from './freshness/stages.ts';
import { WATCH_PLAN, type WatchPlan } from './freshness/watch.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const SAMPLES_PER_S = 5_000;
const PROBES_PER_S = 10;
const WARM_UP_MS = 5_000;
const WATCH = new URL('./freshness/watch.ts', import.meta.url).href;

interface Run {
  readonly clicks: readonly Durations[];
  readonly samplesPerS: number;
  readonly looksPerS: number;
}

export async function benchFreshness(options: BenchOptions): Promise<readonly BenchResult[]> {
  const runs: Run[] = [];
  for (let number = 1; number <= options.runs; number++) {
    const run = await measure(options.seconds);
    options.log(
      `run ${number} of ${options.runs}: ${run.clicks.length} clicks at ${Math.round(run.samplesPerS)} samples/s, ` +
        `${Math.round(run.looksPerS)} looks/s; total p50 ${quantile(run, 'total', 0.5)} ms, p99 ${quantile(run, 'total', 0.99)} ms`,
    );
    runs.push(run);
  }
  const cost = {
    samples_per_s: median(runs.map(({ samplesPerS }) => Math.round(samplesPerS))),
    look_interval_ms: median(runs.map(({ looksPerS }) => Math.round(1000 / looksPerS))),
    clicks: median(runs.map(({ clicks }) => clicks.length)),
  };
  return STAGES.flatMap((stage) =>
    ([0.5, 0.99] as const).map((q) => ({
      bench: 'freshness',
      metric: q === 0.5 ? 'p50_ms' : 'p99_ms',
      value: median(runs.map((run) => quantile(run, stage, q))),
      unit: 'ms',
      runs: runs.length,
      params: { stage },
      cost,
    })),
  );
}

async function measure(seconds: number): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-freshness-'));
  const probeCount = seconds * PROBES_PER_S;
  try {
    const plan: WatchPlan = { folder, probes: probeCount };
    using _ = preload(WATCH, WATCH_PLAN, plan);
    await using loop = await openLoop({
      data: join(folder, 'data'),
      settings: {
        model: 'lr',
        schema: undefined,
        labels: ['click'],
        attributionMs: {},
        policy: 'fast',
        window: 8,
        deterministic: false,
        freezeAfter: undefined,
      },
      report: (message) => {
        throw new Error(message);
      },
    });
    const behaviour = new AbortController();
    const clickedMs = followClicks(loop.streams, loop.partitions, behaviour.signal);
    // Awaited below; until then what ends the load comes first.
    clickedMs.catch(() => {});
    const { load, probes, durationS } = await drive(loop, probeCount);
    behaviour.abort();
    return {
      clicks: durations(
        await clickedMs,
        await stitchedMs(loop.streams, loop.partitions),
        await sightings(folder),
        probes.seenMs,
      ),
      samplesPerS: load.samples / durationS,
      looksPerS: probes.looks / (durationS - WARM_UP_MS / 1000),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function drive(
  loop: Loop,
  probeCount: number,
): Promise<{ load: Load; probes: Probes; durationS: number }> {
  const { addresses, failed } = loop.cluster;
  const end = new AbortController();
  const signal = AbortSignal.any([end.signal, failed]);
  const probes = new Probes();
  const load = new Load({
    predictor: addresses.predictor.listen,
    collector: addresses.collector.listen,
    samplesPerS: SAMPLES_PER_S,
    warmUpMs: WARM_UP_MS,
    probesPerS: PROBES_PER_S,
    probes: probeCount,
    onShown: probes.shown.bind(probes),
    signal,
  });
  const startMs = performance.now();
  const running = Promise.all([load.run(), probes.run(load, signal)]);
  const allSeen = async (): Promise<void> => {
    while (probes.seenMs.size < probeCount && !signal.aborted) await sleep(LOOK_INTERVAL_MS);
  };
  await Promise.race([allSeen(), running]);
  const durationS = (performance.now() - startMs) / 1000;
  end.abort();
  await running;
  load.close();
  failed.throwIfAborted();
  return { load, probes, durationS };
}

function quantile({ clicks }: Run, stage: Stage, q: number): number {
  const sorted = clicks.map((click) => click[stage]).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
