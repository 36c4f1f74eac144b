// What it costs that a stitcher's state is a log in the streams: CPU time a document, alone (the state is its folder) and
// as a member; and how long a partition takes to move to a member that has nothing of it, or all but the end.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FeatureRecord } from '@weir/proto/v1/records';
import { startCluster } from '@weir/ps/testing';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import { connectStreams, END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import { cpuSeconds } from './process-usage.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const WEIR = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const REQUESTS = 16_000;
const DOCUMENTS = 25;
/** As much as a trivago list takes. */
const FEATURE_BYTES = 4_000;
const START_MS = Date.UTC(2024, 0, 1);
const LOOK_MS = 20;
const APPEND_REQUESTS = 200;

type Where = 'folder' | 'log';

/** One partition, so that every figure is one partition's. */
export async function benchStitchGroup(options: BenchOptions): Promise<readonly BenchResult[]> {
  const costs: Record<Where, Cost[]> = { folder: [], log: [] };
  const moves: Move[] = [];
  for (let run = 1; run <= options.runs; run++) {
    for (const where of ['folder', 'log'] as const) {
      const cost = await stitched(where);
      options.log(`run ${run} of ${options.runs}, ${where}: ${JSON.stringify(cost)}`);
      costs[where].push(cost);
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
  const stitcher = await bench.stitcher('a', where);
  while (!(await bench.isStitched())) await sleep(LOOK_MS);
  const documents = REQUESTS * DOCUMENTS;
  return {
    stitcherUs: (cpuSeconds(stitcher.pid) * 1e6) / documents,
    streamsUs: ((cpuSeconds(bench.streamsProcess.pid) - streamsBefore) * 1e6) / documents,
    logBytes: where === 'folder' ? 0 : (await bench.stateBytes()) / documents,
  };
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
  const first = await bench.stitcher('a', 'log');
  while ((await openRequests(first)) < REQUESTS) await sleep(LOOK_MS);
  await first.stop();
  const second = await bench.stitcher('b', 'log');
  while ((await openRequests(second)) < REQUESTS) await sleep(LOOK_MS);
  const all = await bench.taken('b');
  await second.stop();
  const again = await bench.stitcher('a', 'log');
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

class Setup implements AsyncDisposable {
  readonly #dir: string;
  readonly #seeds: readonly string[];
  readonly #streams: StreamsClient;
  readonly streamsProcess: ServiceProcess;
  readonly #ending: (() => Promise<unknown>)[];

  private constructor(
    dir: string,
    seeds: readonly string[],
    streamsProcess: ServiceProcess,
    ending: (() => Promise<unknown>)[],
  ) {
    this.#dir = dir;
    this.#seeds = seeds;
    this.streamsProcess = streamsProcess;
    this.#streams = connectStreams({ address: streamsProcess.listen });
    this.#ending = ending;
  }

  static async open(): Promise<Setup> {
    const dir = await mkdtemp(join(tmpdir(), 'weir-bench-'));
    const cluster = await startCluster({ shards: 1 });
    const [port] = await freePorts(1);
    const flags = ['--listen', `127.0.0.1:${port}`, '--data', join(dir, 'streams')];
    const streams = await spawnService({ name: 'streams', command: [WEIR, 'streams', ...flags] });
    return new Setup(dir, cluster.seeds, streams, [
      () => streams.stop(),
      () => cluster.stop(),
      () => rm(dir, { recursive: true, force: true }),
    ]);
  }

  async fill(requests: number, endMs: number): Promise<void> {
    await this.#streams.create('features', 1);
    await this.#streams.create('behaviour', 1);
    const features = new Uint8Array(FEATURE_BYTES).map((_, i) => i * 31);
    const docIds = Array.from({ length: DOCUMENTS }, (_, i) => `document-${i}`);
    const empty = FeatureRecord.decode(new Uint8Array());
    for (let from = 0; from < requests; from += APPEND_REQUESTS) {
      const records = Array.from({ length: APPEND_REQUESTS }, (_, i) => {
        const servingId = `request-${from + i}`;
        const record = { ...empty, servingId, timeMs: START_MS + 10 * (from + i), docIds, features };
        return { value: FeatureRecord.encode(record).finish() };
      });
      await this.#streams.append('features', 0, records);
    }
    for (const stream of ['features', 'behaviour']) {
      await this.#streams.append(stream, 0, [{ progressTimeMs: endMs }]);
    }
  }

  async stitcher(name: string, state: Where): Promise<ServiceProcess> {
    const member = ['--member', name, '--seeds', this.#seeds.join()];
    const started = await spawnService({
      name,
      command: [
        ...[WEIR, 'stitcher', '--streams', this.streamsProcess.listen, '--data', join(this.#dir, name)],
        ...['--deterministic', ...(state === 'log' ? member : [])],
      ],
      logFile: this.#logFile(name),
    });
    this.#ending.unshift(() => started.stop());
    return started;
  }

  async isStitched(): Promise<boolean> {
    const [end] = await this.#streams.endOffsets('samples');
    if (end === undefined || end.endOffset < REQUESTS) return false;
    for await (const { records } of this.#streams.read('samples', 0, { offset: end.endOffset - 1 })) {
      return records.at(-1)?.progressTimeMs === END_OF_INPUT_MS;
    }
    return false;
  }

  async stateBytes(): Promise<number> {
    const [end] = await this.#streams.endOffsets('stitcher-state');
    let bytes = 0;
    for await (const { records } of this.#streams.read('stitcher-state', 0, { offset: end!.startOffset })) {
      for (const { value } of records) bytes += value.length;
    }
    // What was trimmed is about as long as what is left, record by record.
    return (bytes * end!.endOffset) / (end!.endOffset - end!.startOffset);
  }

  /** What the member said when it took the partition for the n-th time. */
  async taken(member: string, nth = 1): Promise<{ readonly readBytes: number; readonly tookMs: number }> {
    const lines = (await readFile(this.#logFile(member), 'utf8')).split('\n');
    const taken = lines.filter((line) => line.includes('took a partition over'));
    return JSON.parse(taken[nth - 1]!) as { readBytes: number; tookMs: number };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#streams.close();
    for (const end of this.#ending) await end();
  }

  #logFile(name: string): string {
    return join(this.#dir, `${name}.log`);
  }
}
