// The client process of the parameter server's benches: `node ps-client.ts OPTIONS` with ClientOptions as JSON. Uses
// the public SDK, fills the table, runs the load, and prints a ClientReport.
import { tuneGarbageCollector } from '@weir/runtime';
import { connect, type Table } from '@weir/sdk';
import { cpuSeconds, peakMemoryBytes } from './process-usage.ts';
import { closedLoop, oneAtATime, openLoop } from './ps-load.ts';
import {
  allKeys,
  BATCH_ROWS,
  DIM,
  gradientBatch,
  IN_FLIGHT,
  type KeyDistribution,
  keyBatches,
  MIXED_CALLS,
} from './ps-workload.ts';

export interface ClientOptions {
  readonly seed: string;
  readonly serverPid: number;
  readonly load: 'push' | 'pull' | 'mixed' | 'latency';
  readonly keys: KeyDistribution;
  readonly seconds: number;
}

export interface ClientReport {
  readonly rows: number;
  readonly seconds: number;
  readonly clientCpuS: number;
  readonly serverCpuS: number;
  readonly clientPeakBytes: number;
  /** Milliseconds of a pull; of `latency` only. */
  readonly halfLoad?: Percentiles;
  readonly alone?: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

const WARM_UP_S = 2;
const BATCHES = 512;
const LATENCY_KEYS = 500;

const options = JSON.parse(process.argv[2]!) as ClientOptions;
// As in every process of Weir's own.
tuneGarbageCollector();
await using weir = await connect({ seeds: [options.seed], clientId: 'bench' });
const table = await fill();
const report = options.load === 'latency' ? await latency() : await throughput(options.load);
process.stdout.write(`${JSON.stringify(report)}\n`);

/** Every row exists before the clock starts. */
async function fill(): Promise<Table> {
  await weir.tables.create({
    name: 'bench',
    dim: DIM,
    optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.1 },
    initializer: { kind: 'zero' },
  });
  const made = await weir.table('bench');
  const gradients = gradientBatch(2, BATCH_ROWS);
  const batches = allKeys(BATCH_ROWS);
  for (let at = 0; at < batches.length; at += IN_FLIGHT) {
    await Promise.all(batches.slice(at, at + IN_FLIGHT).map((keys) => made.push(keys, gradients)));
  }
  return made;
}

async function throughput(load: 'push' | 'pull' | 'mixed'): Promise<ClientReport> {
  const keys = keyBatches(options.keys, BATCHES, BATCH_ROWS);
  const gradients = Array.from({ length: 8 }, (_, i) => gradientBatch(3 + i, BATCH_ROWS));
  const push = (i: number) => table.push(keys[i % BATCHES]!, gradients[i % gradients.length]!);
  const pull = (i: number) => table.pull(keys[i % BATCHES]!);
  const mixed = (i: number): Promise<unknown> => (i % MIXED_CALLS === 0 ? push(i) : pull(i));
  const call = { push, pull, mixed }[load];
  await closedLoop(call, IN_FLIGHT, WARM_UP_S);
  return measured(async () => {
    const { calls, seconds } = await closedLoop(call, IN_FLIGHT, options.seconds);
    return { rows: calls * BATCH_ROWS, seconds };
  });
}

/** Pulls at half of the peak rate while pushes run at half of theirs; the peak is that of both together. */
async function latency(): Promise<ClientReport> {
  const keys = keyBatches(options.keys, BATCHES, LATENCY_KEYS);
  const pushKeys = keyBatches(options.keys, BATCHES, BATCH_ROWS);
  const gradients = gradientBatch(3, BATCH_ROWS);
  const pull = (i: number) => table.pull(keys[i % BATCHES]!);
  const push = (i: number) => table.push(pushKeys[i % BATCHES]!, gradients);
  await closedLoop(pull, IN_FLIGHT, WARM_UP_S);
  const alone = percentiles(await oneAtATime(pull, Math.max(1, options.seconds / 4)));
  const [pulls, pushes] = await Promise.all([
    closedLoop(pull, IN_FLIGHT, Math.max(2, options.seconds / 6)),
    closedLoop(push, 2, Math.max(2, options.seconds / 6)),
  ]);
  const rate = (peak: { calls: number; seconds: number }) => peak.calls / peak.seconds / 2;
  const half = (seconds: number) =>
    Promise.all([openLoop(pull, rate(pulls), seconds), openLoop(push, rate(pushes), seconds)]);
  // What the peak left behind (a round in haste, full queues) is none of half the load's.
  await half(WARM_UP_S);
  let halfLoad: Percentiles | undefined;
  const figures = await measured(async () => {
    const begun = performance.now();
    const [times] = await half(options.seconds);
    halfLoad = percentiles(times);
    return { rows: times.length * LATENCY_KEYS, seconds: (performance.now() - begun) / 1000 };
  });
  return { ...figures, alone, ...(halfLoad !== undefined && { halfLoad }) };
}

async function measured(run: () => Promise<{ rows: number; seconds: number }>): Promise<ClientReport> {
  const client = cpuSeconds(process.pid);
  const server = cpuSeconds(options.serverPid);
  const { rows, seconds } = await run();
  return {
    rows,
    seconds,
    clientCpuS: cpuSeconds(process.pid) - client,
    serverCpuS: cpuSeconds(options.serverPid) - server,
    clientPeakBytes: peakMemoryBytes(process.pid),
  };
}

function percentiles(times: readonly number[]): Percentiles {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
