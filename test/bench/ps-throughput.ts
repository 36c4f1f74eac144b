// What ps-push, ps-pull and ps-mixed have in common: rows a second for each durability and distribution of keys.
import { costOf, runsOf } from './ps-run.ts';
import { BATCH_ROWS, DIM, KEY_DISTRIBUTIONS, type KeyDistribution } from './ps-workload.ts';
import { type RedisCommand, redisRowsPerSecond } from './redis-peer.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

export interface Throughput {
  readonly bench: 'ps-push' | 'ps-pull' | 'ps-mixed';
  readonly load: 'push' | 'pull' | 'mixed';
  readonly peer: RedisCommand | undefined;
  /** What is measured unless the options ask for certain ones. */
  readonly cases: readonly { readonly durability: string; readonly keys: KeyDistribution }[];
}

export async function benchThroughput(
  { bench, load, peer, cases }: Throughput,
  options: BenchOptions,
): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const { durability, keys } of chosen(cases, options)) {
    const reports = await runsOf({ load, keys, durability, seconds: options.seconds }, options);
    const value = Math.round(median(reports.map(({ rows, seconds }) => rows / seconds)));
    // redis-benchmark draws its keys uniformly, so that is where they compare.
    const found =
      options.peer && peer !== undefined && keys === 'uniform'
        ? await redisRowsPerSecond(peer, durability, options.seconds, options.log)
        : undefined;
    results.push({
      bench,
      metric: 'rows_per_s',
      value,
      unit: 'rows/s',
      runs: reports.length,
      params: { durability, keys, dim: DIM, batch_rows: BATCH_ROWS },
      ...(found !== undefined && { peer: Math.round(found), ratio: Number((value / found).toFixed(2)) }),
      cost: costOf(reports),
    });
  }
  return results;
}

function chosen(cases: Throughput['cases'], { durability, keys }: BenchOptions): Throughput['cases'] {
  if (durability.length === 0 && keys.length === 0) return cases;
  const durabilities =
    durability.length > 0 ? durability : [...new Set(cases.map((each) => each.durability))];
  const distributions =
    keys.length > 0 ? KEY_DISTRIBUTIONS.filter((each) => keys.includes(each)) : KEY_DISTRIBUTIONS;
  return durabilities.flatMap((each) => distributions.map((other) => ({ durability: each, keys: other })));
}
