// The row kernel alone, on one core: random keys over a filled table, as a shard's pulls and pushes touch it. Keys are
// prepared beforehand; a rate covers what a shard does per batch with packed keys and values, copies included. Rates
// are per second of this thread's CPU time, so that a busy machine counts as little as can be.
import { InitializerKind, OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';
import { createTypeScriptTable } from '../../ps/src/kernel/create-row-table.ts';
import type { RowTable } from '../../ps/src/kernel/row-table.ts';
import { createWasmTables } from '../../ps/src/kernel-wasm/create-wasm-tables.ts';
import { loadKernel } from '../../ps/src/kernel-wasm/load-kernel.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const DIM = 16;
const ROWS = 1 << 20;
const BATCH = 2_048;
/** Batches that are prepared; together more rows than the processor's caches hold. */
const BATCHES = 256;
const RUN_US = 2_000_000;

const SPEC: TableSpec = {
  name: 'default/bench',
  uid: 'bench',
  seed: 1,
  dim: DIM,
  optimizer: {
    kind: OptimizerKind.ADAGRAD,
    learningRate: Math.fround(0.05),
    initialAccumulator: Math.fround(0.1),
    beta1: 0,
    beta2: 0,
    epsilon: 0,
    ftrlBeta: 0,
    l1: 0,
    l2: 0,
    momentum: 0,
  },
  initializer: {
    kind: InitializerKind.UNIFORM,
    value: 0,
    low: Math.fround(-0.01),
    high: Math.fround(0.01),
    mean: 0,
    standardDeviation: 0,
  },
  gradientClip: 0,
  updateNormMax: 0,
  admission: undefined,
  ttlMs: 0,
  rowsMax: 0,
  memoryRowsMax: 0,
};

export async function benchKernel(options: BenchOptions): Promise<readonly BenchResult[]> {
  const modules = loadKernel();
  if (modules === undefined) throw new Error('WebAssembly lacks what the kernel needs');
  return [
    ...measure('wasm', createWasmTables(modules)(SPEC), options),
    ...measure('typescript', createTypeScriptTable(SPEC), options),
  ];
}

function measure(kernel: string, table: RowTable, { runs, log }: BenchOptions): BenchResult[] {
  const values = new Float32Array(BATCH * DIM).map((_, i) => ((i * 7919) % 1000) / 1000 - 0.5);
  let longestMs = 0;
  for (let first = 0; first < ROWS; first += BATCH) {
    const keys = keysOf(BATCH, (i) => first + i);
    const begun = performance.now();
    table.push(keys, values, table.seq + 1);
    longestMs = Math.max(longestMs, performance.now() - begun);
  }
  log(
    `${kernel}: ${table.rows} rows, ${Math.round(table.bytes / 2 ** 20)} MiB; longest push of ${BATCH} new rows ${longestMs.toFixed(2)} ms`,
  );
  const random = xorshift(1);
  const batches = Array.from({ length: BATCHES }, () => keysOf(BATCH, () => random() % ROWS));
  const out = new Float32Array(BATCH * DIM);
  const actions = {
    pull_rows_per_s: (keys: Uint32Array) => table.pull(keys, out),
    push_rows_per_s: (keys: Uint32Array) => table.push(keys, values, table.seq + 1),
  };
  const params = { kernel, dim: DIM, optimizer: 'adagrad', rows: ROWS, batch: BATCH };
  return Object.entries(actions).map(([metric, act]) => {
    timed(batches, act);
    const rates = Array.from({ length: runs }, () => timed(batches, act));
    log(`${kernel} ${metric}: ${rates.map((rate) => (rate / 1e6).toFixed(2)).join(', ')} M`);
    return { bench: 'kernel', metric, value: Math.round(median(rates)), unit: 'row/s', runs, params };
  });
}

/** Rows per second of CPU time. */
function timed(batches: readonly Uint32Array[], act: (keys: Uint32Array) => void): number {
  const begun = process.threadCpuUsage();
  let rows = 0;
  let usedUs = 0;
  while (usedUs < RUN_US) {
    for (const keys of batches) act(keys);
    rows += batches.length * BATCH;
    const { user, system } = process.threadCpuUsage(begun);
    usedUs = user + system;
  }
  return (rows / usedUs) * 1e6;
}

function keysOf(count: number, number: (i: number) => number): Uint32Array {
  return new Uint32Array(2 * count).map((_, word) => (word % 2 === 0 ? number(word / 2) : 0));
}

function xorshift(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}
