// A shard that is killed with a full table in pages and a long tail in its log, and starts again on what is left.
import { cpuSeconds, peakMemoryBytes } from './process-usage.ts';
import { BenchShard } from './ps-shard.ts';
import { BATCH_ROWS, DIM } from './ps-workload.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

/** Rows of the log's tail, per row of the table. */
const TAIL_SHARE = 0.8;
/** Rounds begin when they are asked for, not by the length of the log. */
const LOG_REPLAY_MAX = 4 * 1024 * 1024 * 1024;

interface Restart {
  readonly readyS: number;
  readonly replayRowsPerS: number;
  /** The store's own recovery, then the shard's. */
  readonly openS: number;
  readonly pagesS: number;
  readonly cpuS: number;
  readonly peakBytes: number;
}

export async function benchPsRecovery(options: BenchOptions): Promise<readonly BenchResult[]> {
  const { rows, runs, log } = options;
  const tailRows = Math.floor(rows * TAIL_SHARE);
  const restarts: Restart[] = [];
  for (let run = 1; run <= runs; run++) {
    const restart = await once(rows, tailRows);
    const { readyS, replayRowsPerS, pagesS, cpuS } = restart;
    log(
      `ps recovery, run ${run} of ${runs}: ready in ${readyS.toFixed(2)} s (pages ${pagesS.toFixed(2)} s), ` +
        `${Math.round(replayRowsPerS)} rows/s of log, CPU ${cpuS.toFixed(1)} s`,
    );
    restarts.push(restart);
  }
  const cost = {
    open_s: median(restarts.map(({ openS }) => openS)),
    pages_s: median(restarts.map(({ pagesS }) => pagesS)),
    server_cpu_s: median(restarts.map(({ cpuS }) => cpuS)),
    server_peak_bytes: Math.max(...restarts.map(({ peakBytes }) => peakBytes)),
  };
  const params = { rows, tail_rows: tailRows, dim: DIM, batch_rows: BATCH_ROWS };
  const figure = (metric: string, unit: string, value: number): BenchResult => {
    return { bench: 'ps-recovery', metric, value, unit, runs, params, cost };
  };
  return [
    figure('replay_rows_per_s', 'rows/s', Math.round(median(restarts.map((each) => each.replayRowsPerS)))),
    figure('ready_s', 's', Number(median(restarts.map(({ readyS }) => readyS)).toFixed(3))),
  ];
}

async function once(rows: number, tailRows: number): Promise<Restart> {
  const shard = await BenchShard.create('--log-replay-max', `${LOG_REPLAY_MAX}`);
  try {
    await shard.start();
    await shard.fill({ rows, pushRows: 'each' });
    await shard.materialise();
    await shard.fill({ rows, pushRows: tailRows });
    await shard.kill();
    const readyS = await shard.start();
    const { log_rows: replayed, log_s: seconds, pages_s: pagesS, open_s: openS } = await shard.recovery();
    if (replayed !== tailRows) throw new Error(`the log held ${replayed} rows, not ${tailRows}`);
    return {
      readyS,
      replayRowsPerS: tailRows / seconds!,
      openS: openS!,
      pagesS: pagesS!,
      cpuS: cpuSeconds(shard.pid),
      peakBytes: peakMemoryBytes(shard.pid),
    };
  } finally {
    await shard.remove();
  }
}
