// What it costs that a stitcher's state is a log in the streams: CPU time a document, alone (the state is its folder) and
// as a member; and how long a partition takes to move to a member that has nothing of it, or all but the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { FeatureRecord, SampleRecord } from '@weir/proto/v1/records';
import type { ServiceProcess } from '@weir/runtime';
import { END_OF_INPUT_MS } from '@weir/streams/client';
import { cpuSeconds } from './process-usage.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';
import { DOCUMENTS, request, Setup, START_MS, type Where } from './stitch-group/setup.ts';

const REQUESTS = 16_000;
const LOOK_MS = 20;
/** Of the requests whose way is timed. */
const TIMED_REQUESTS = 400;
const TIMED_SPACING_MS = 7;

/** One partition, so that every figure is one partition's. */
export async function benchStitchGroup(options: BenchOptions): Promise<readonly BenchResult[]> {
  const costs: Record<Where, Cost[]> = { folder: [], log: [] };
  const waits: Record<Where, number[]> = { folder: [], log: [] };
  const moves: Move[] = [];
  for (let run = 1; run <= options.runs; run++) {
    for (const where of ['folder', 'log'] as const) {
      const cost = await stitched(where);
      options.log(`run ${run} of ${options.runs}, ${where}: ${JSON.stringify(cost)}`);
      costs[where].push(cost);
      waits[where].push(await waited(where));
    }
    const move = await moved();
    options.log(`run ${run} of ${options.runs}, move: ${JSON.stringify(move)}`);
    moves.push(move);
  }
  const figure = (
    metric: string,
    unit: string,
    values: readonly number[],
    params: BenchResult['params'],
  ) => ({
    bench: 'stitch-group',
    metric,
    value: median(values),
    unit,
    runs: options.runs,
    params,
  });
  return [
    ...(['folder', 'log'] as const).flatMap((state) => [
      figure(
        'cpu_us_per_document',
        'µs',
        costs[state].map(({ stitcherUs }) => stitcherUs),
        { state, process: 'stitcher' },
      ),
      figure(
        'cpu_us_per_document',
        'µs',
        costs[state].map(({ streamsUs }) => streamsUs),
        { state, process: 'streams' },
      ),
    ]),
    ...(['folder', 'log'] as const).map((state) => figure('wait_p50_ms', 'ms', waits[state], { state })),
    figure(
      'log_bytes_per_document',
      'byte',
      costs.log.map(({ logBytes }) => logBytes),
      {},
    ),
    figure(
      'move_s_per_mb',
      's',
      moves.map(({ secondsPerMb }) => secondsPerMb),
      { copy: 'none' },
    ),
    figure(
      'move_s',
      's',
      moves.map(({ seconds }) => seconds),
      { copy: 'none', state_mb: Math.round(median(moves.map(({ megabytes }) => megabytes))) },
    ),
    figure(
      'move_s',
      's',
      moves.map(({ againSeconds }) => againSeconds),
      { copy: 'all but the end' },
    ),
  ];
}

interface Cost {
  readonly stitcherUs: number;
  readonly streamsUs: number;
  readonly logBytes: number;
}

/** Features and their ends, through one stitcher from the first to the last sample. */
async function stitched(where: Where): Promise<Cost> {
  await using bench = await Setup.open();
  await bench.fill(REQUESTS, END_OF_INPUT_MS);
  const streamsBefore = cpuSeconds(bench.streamsProcess.pid);
  const stitcher = await bench.stitcher('a', where, '--deterministic');
  while (!(await bench.isStitched(REQUESTS))) await sleep(LOOK_MS);
  const documents = REQUESTS * DOCUMENTS;
  return {
    stitcherUs: (cpuSeconds(stitcher.pid) * 1e6) / documents,
    streamsUs: ((cpuSeconds(bench.streamsProcess.pid) - streamsBefore) * 1e6) / documents,
    logBytes: where === 'folder' ? 0 : (await bench.stateBytes()) / documents,
  };
}

/** Milliseconds from the append of features to that of their sample, one request after the other, under `fast`. */
async function waited(where: Where): Promise<number> {
  await using bench = await Setup.open();
  const { streams } = bench;
  await bench.makeInputs();
  await bench.stitcher('a', where, '--policy', 'fast');
  for (let number = 0; number < TIMED_REQUESTS; number++) {
    await streams.append('features', 0, [request(number, Date.now())]);
    await sleep(TIMED_SPACING_MS);
  }
  const appended = new Map<string, number>();
  for await (const { records } of streams.read('features', 0, { offset: 0 })) {
    for (const one of records) appended.set(FeatureRecord.decode(one.value).servingId, one.appendTimeMs);
  }
  const waits: number[] = [];
  for await (const { records } of streams.read('samples', 0, { offset: 0, follow: true })) {
    for (const { value, progressTimeMs, appendTimeMs } of records) {
      if (progressTimeMs !== undefined) continue;
      waits.push(appendTimeMs - appended.get(SampleRecord.decode(value).servingId)!);
    }
    if (waits.length === TIMED_REQUESTS) break;
  }
  return median(waits);
}

interface Move {
  readonly megabytes: number;
  readonly seconds: number;
  readonly secondsPerMb: number;
  readonly againSeconds: number;
}

/** A state in which nothing has ended, from one member to another and back. */
async function moved(): Promise<Move> {
  await using bench = await Setup.open();
  await bench.fill(REQUESTS, START_MS);
  const first = await bench.stitcher('a', 'log', '--deterministic');
  while ((await openRequests(first)) < REQUESTS) await sleep(LOOK_MS);
  await first.stop();
  const second = await bench.stitcher('b', 'log', '--deterministic');
  while ((await openRequests(second)) < REQUESTS) await sleep(LOOK_MS);
  const all = await bench.taken('b');
  await second.stop();
  const again = await bench.stitcher('a', 'log', '--deterministic');
  while ((await openRequests(again)) < REQUESTS) await sleep(LOOK_MS);
  const rest = (await bench.taken('a', 2)).tookMs;
  const megabytes = all.readBytes / 1e6;
  return {
    megabytes,
    seconds: all.tookMs / 1000,
    secondsPerMb: all.tookMs / 1000 / megabytes,
    againSeconds: rest / 1000,
  };
}

async function openRequests({ admin }: ServiceProcess): Promise<number> {
  const counters = (await (await fetch(`http://${admin}/counters`)).json()) as { open_requests: number };
  return counters.open_requests;
}
