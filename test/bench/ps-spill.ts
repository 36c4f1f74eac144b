// A table with five times more rows than it may keep in memory, under pulls and pushes of keys by Zipf: rows a second,
// and how much memory it takes over what the rows take that it may keep.
//
// The bound is what a shard's resident memory grows by when it holds `memoryRowsMax` rows without a bound, measured at rest in
// the same run: their key, weights and state, and what the kernel needs beside them. What is compared with it is the
// highest that memory grows to under load. So the shard's own buffers weigh less, the more rows it may keep.
//
// The table is made under a long log, with which new rows are written fewer times. Then the shard is started again with the
// shortest one on what is in its folder, fills its memory with rows again, and is measured.
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { outputOf } from './client-process.ts';
import { memoryBytes } from './process-usage.ts';
import { perMillion } from './ps-run.ts';
import { BenchShard } from './ps-shard.ts';
import type { SpillOptions, SpillReport } from './ps-spill-client.ts';
import { BATCH_ROWS, DIM, ZIPF_EXPONENT } from './ps-workload.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const CLIENT = fileURLToPath(new URL('./ps-spill-client.ts', import.meta.url));
const ROWS_PER_PLACE = 5;
const REST_MS = 2_000;
/** The least that a shard takes, for a machine with little memory: the log waits in memory for its round. */
const LOG_REPLAY_MAX = 16 * 1024 * 1024;
/** While the table is made. */
const FILL_LOG_REPLAY_MAX = 768 * 1024 * 1024;
/** Rows leave some at a time, so that memory has a few less than it may. */
const FULL_SHARE = 0.99;
/** Of the shard that keeps all rows in memory: its rounds write all of them, and are to be few while it is filled. */
const WHOLE_LOG_REPLAY_MAX = 64 * 1024 * 1024;

export async function benchPsSpill({
  rows,
  runs,
  seconds,
  log,
}: BenchOptions): Promise<readonly BenchResult[]> {
  const memoryRowsMax = Math.floor(rows / ROWS_PER_PLACE);
  const reports: (SpillReport & { readonly bound: number; readonly grown: number })[] = [];
  for (let run = 1; run <= runs; run++) {
    const bound = await onShard(WHOLE_LOG_REPLAY_MAX, async (shard, empty) => {
      await shard.fill({ rows: memoryRowsMax, pushRows: 'each' });
      await shard.materialise();
      await delay(REST_MS);
      return memoryBytes(shard.pid) - empty;
    });
    const report = await onShard(FILL_LOG_REPLAY_MAX, async (shard, empty) => {
      const begun = performance.now();
      await shard.fill({ rows, pushRows: 'each', memoryRowsMax });
      log(
        `ps spill, run ${run} of ${runs}: filled at ${Math.round(rows / (performance.now() - begun))} rows/ms`,
      );
      await shard.materialise();
      await shard.restart('--log-replay-max', `${LOG_REPLAY_MAX}`);
      const seed = shard.address;
      const loaded = await load({ seed, serverPid: shard.pid, rows, memoryRowsMax, seconds });
      await assertFull(shard, memoryRowsMax);
      return { ...loaded, bound, grown: loaded.serverBytes - empty };
    });
    log(
      `ps spill, run ${run} of ${runs}: ${Math.round(report.rows / report.seconds)} rows/s, memory ${(report.grown / bound).toFixed(2)} x ` +
        `the ${bound} bytes of ${memoryRowsMax} rows; CPU s per million rows: server ${perMillion(report.serverCpuS, report.rows)}`,
    );
    reports.push(report);
  }
  const params = {
    rows,
    memory_rows_max: memoryRowsMax,
    dim: DIM,
    batch_rows: BATCH_ROWS,
    zipf: ZIPF_EXPONENT,
    log_replay_max: LOG_REPLAY_MAX,
  };
  const cost = {
    server_cpu_s_per_million_rows: median(reports.map((each) => perMillion(each.serverCpuS, each.rows))),
    client_cpu_s_per_million_rows: median(reports.map((each) => perMillion(each.clientCpuS, each.rows))),
  };
  const rate = Math.round(median(reports.map((each) => each.rows / each.seconds)));
  const over = Number(median(reports.map(({ bound, grown }) => grown / bound)).toFixed(3));
  const memory = {
    bound_bytes: median(reports.map(({ bound }) => bound)),
    beyond_bound_bytes: median(reports.map(({ bound, grown }) => grown - bound)),
  };
  return [
    { bench: 'ps-spill', metric: 'rows_per_s', value: rate, unit: 'rows/s', runs, params, cost },
    { bench: 'ps-spill', metric: 'memory_over_bound', value: over, unit: '1', runs, params, cost: memory },
  ];
}

/** @param act gets the resident memory of the shard while it was empty, too. */
async function onShard<T>(
  logReplayMax: number,
  act: (shard: BenchShard, emptyBytes: number) => Promise<T>,
): Promise<T> {
  const shard = await BenchShard.create('--log-replay-max', `${logReplayMax}`);
  try {
    await shard.start();
    await delay(REST_MS);
    return await act(shard, memoryBytes(shard.pid));
  } finally {
    await shard.remove();
  }
}

/** What was measured was a shard that had all the rows in memory that it may have. */
async function assertFull(shard: BenchShard, memoryRowsMax: number): Promise<void> {
  const metrics = await shard.metrics();
  const inMemory = Number(/^ps_table_rows_in_memory\S* (\d+)/m.exec(metrics)?.[1]);
  if (inMemory >= FULL_SHARE * memoryRowsMax) return;
  throw new Error(`the shard had ${inMemory} rows in memory, not ${memoryRowsMax}`);
}

async function load(options: SpillOptions): Promise<SpillReport> {
  return JSON.parse(await outputOf(CLIENT, options)) as SpillReport;
}
