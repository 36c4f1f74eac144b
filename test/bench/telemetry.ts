// What telemetry costs: throughput of pushes and pulls with traces, metrics and logs sent to a real Jaeger on the same
// machine, over that without. Two shards with a client each, one with telemetry, take turns; a pair's turns follow each other.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Jaeger } from '../tools/jaeger.ts';
import { cpuSeconds } from './process-usage.ts';
import { perMillion } from './ps-run.ts';
import { BenchShard } from './ps-shard.ts';
import { ROWS } from './ps-workload.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';
import type { TelemetryClientOptions, Turn, TurnReport } from './telemetry-client.ts';

const CLIENT = fileURLToPath(new URL('./telemetry-client.ts', import.meta.url));
const DURABILITY = 'process';
const SAMPLINGS = [0.01, 1];
const OPS = ['push', 'pull'] as const;
const WARM_UP_S = 2;
const PAIRS = 20;

interface Pair {
  readonly off: TurnReport;
  readonly on: TurnReport;
}

interface Run {
  readonly pairs: readonly Pair[];
  readonly jaegerCpuS: number;
  readonly spansLost: number;
}

export async function benchTelemetry({ runs, seconds, log }: BenchOptions): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const sampling of SAMPLINGS) {
    const found: Record<Turn['op'], Run[]> = { push: [], pull: [] };
    for (let run = 1; run <= runs; run++) {
      await withSides(sampling, async (sides) => {
        for (const op of OPS) {
          const measured = await measure(sides, op, seconds);
          log(
            `telemetry ${op} at ${sampling}, run ${run} of ${runs}: kept ${keptRatio(measured).toFixed(3)}, ` +
              `CPU s per million rows: ${JSON.stringify(costOf([measured]))}`,
          );
          found[op].push(measured);
        }
      });
    }
    for (const op of OPS) {
      results.push({
        bench: 'telemetry',
        metric: 'kept_ratio',
        value: Number(median(found[op].map(keptRatio)).toFixed(3)),
        unit: '1',
        runs,
        params: { op, sampling },
        cost: costOf(found[op]),
      });
    }
  }
  return results;
}

/** A shard and its client, both with telemetry or both without. */
class Side {
  readonly shard: BenchShard;
  readonly #client: ChildProcess;

  private constructor(shard: BenchShard, client: ChildProcess) {
    this.shard = shard;
    this.#client = client;
  }

  static async start(env: NodeJS.ProcessEnv): Promise<Side> {
    const shard = await BenchShard.create('--durability', DURABILITY);
    try {
      await shard.start(env);
      await shard.fill({ rows: ROWS, pushRows: 'each' });
      const options: TelemetryClientOptions = { seed: shard.address, serverPid: shard.pid };
      const client = fork(CLIENT, [JSON.stringify(options)], { env: { ...process.env, ...env } });
      await once(client, 'message');
      return new Side(shard, client);
    } catch (error) {
      await shard.remove();
      throw error;
    }
  }

  async turn(turn: Turn): Promise<TurnReport> {
    this.#client.send(turn);
    const [report] = (await once(this.#client, 'message')) as [TurnReport];
    return report;
  }

  /** Spans of the shard that never left it. */
  async spansLost(): Promise<number> {
    const lines = (await this.shard.metrics()).split('\n');
    const lost = lines.filter((line) => /^otel_sdk_processor_span_processed_total\{.*error_type=/.test(line));
    return lost.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async remove(): Promise<void> {
    this.#client.kill('SIGKILL');
    await this.shard.remove();
  }
}

interface Sides {
  readonly off: Side;
  readonly on: Side;
  readonly jaeger: Jaeger;
}

async function withSides(sampling: number, measureAll: (sides: Sides) => Promise<void>): Promise<void> {
  await using jaeger = await Jaeger.start();
  const off = await Side.start({ OTEL_SDK_DISABLED: 'true' });
  try {
    const on = await Side.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.otlp,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: String(sampling),
    });
    try {
      await measureAll({ off, on, jaeger });
    } finally {
      await on.remove();
    }
  } finally {
    await off.remove();
  }
}

async function measure({ off, on, jaeger }: Sides, op: Turn['op'], seconds: number): Promise<Run> {
  for (const side of [off, on]) await side.turn({ op, seconds: WARM_UP_S });
  const turn: Turn = { op, seconds: seconds / (2 * PAIRS) };
  const jaegerBefore = cpuSeconds(jaeger.pid);
  const lostBefore = await on.spansLost();
  const pairs: Pair[] = [];
  for (let i = 0; i < PAIRS; i++) {
    // Who goes first changes, so that neither gains from what grows or cools down.
    if (i % 2 === 0) pairs.push({ off: await off.turn(turn), on: await on.turn(turn) });
    else pairs.push({ on: await on.turn(turn), off: await off.turn(turn) });
  }
  return {
    pairs,
    jaegerCpuS: cpuSeconds(jaeger.pid) - jaegerBefore,
    spansLost: (await on.spansLost()) - lostBefore,
  };
}

/** The median pair's. */
function keptRatio({ pairs }: Run): number {
  const rate = ({ rows, seconds }: TurnReport): number => rows / seconds;
  return median(pairs.map(({ off, on }) => rate(on) / rate(off)));
}

function costOf(runs: readonly Run[]): Record<string, number> {
  const pairs = runs.flatMap((run) => run.pairs);
  const sum = (of: (pair: Pair) => number): number => pairs.reduce((total, pair) => total + of(pair), 0);
  const rowsOn = sum(({ on }) => on.rows);
  const rowsOff = sum(({ off }) => off.rows);
  const total = (of: (run: Run) => number): number => runs.reduce((all, run) => all + of(run), 0);
  return {
    server_cpu_s_per_million_rows: perMillion(
      sum(({ on }) => on.serverCpuS),
      rowsOn,
    ),
    client_cpu_s_per_million_rows: perMillion(
      sum(({ on }) => on.clientCpuS),
      rowsOn,
    ),
    server_cpu_s_per_million_rows_without: perMillion(
      sum(({ off }) => off.serverCpuS),
      rowsOff,
    ),
    client_cpu_s_per_million_rows_without: perMillion(
      sum(({ off }) => off.clientCpuS),
      rowsOff,
    ),
    jaeger_cpu_s_per_million_rows: perMillion(
      total((run) => run.jaegerCpuS),
      rowsOn,
    ),
    spans_lost: total((run) => run.spansLost),
  };
}
