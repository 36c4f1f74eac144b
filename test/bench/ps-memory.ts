// What a row costs in memory: a shard's resident memory above that of an empty one, over the bytes of a row's key,
// weights and optimizer state. Measured at rest, after a materialisation round.
import { setTimeout as delay } from 'node:timers/promises';
import { memoryBytes, peakMemoryBytes } from './process-usage.ts';
import { BenchShard } from './ps-shard.ts';
import { BATCH_ROWS, DIM } from './ps-workload.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

/** Key, weights, and Adagrad's sums of squares. */
const ROW_BYTES = 8 + 4 * DIM + 4 * DIM;
/** Until memory that is no longer used has gone back. */
const REST_MS = 5_000;

export async function benchPsMemory({ rows, runs, log }: BenchOptions): Promise<readonly BenchResult[]> {
  const ratios: number[] = [];
  let peak = 0;
  let empty = 0;
  for (let run = 1; run <= runs; run++) {
    const shard = await BenchShard.create();
    try {
      await shard.start();
      await delay(REST_MS / 5);
      empty = memoryBytes(shard.pid);
      await shard.fill({ rows, pushRows: 'each' });
      await shard.materialise();
      await delay(REST_MS);
      const full = memoryBytes(shard.pid);
      ratios.push((full - empty) / (rows * ROW_BYTES));
      peak = Math.max(peak, peakMemoryBytes(shard.pid));
      log(
        `ps memory, run ${run} of ${runs}: ${full - empty} bytes above ${empty}, ${ratios.at(-1)!.toFixed(3)}`,
      );
    } finally {
      await shard.remove();
    }
  }
  const value = Number(median(ratios).toFixed(3));
  const params = { rows, dim: DIM, batch_rows: BATCH_ROWS };
  const cost = { empty_bytes: empty, peak_bytes: peak };
  return [{ bench: 'ps-memory', metric: 'bytes_per_row_ratio', value, unit: '1', runs, params, cost }];
}
