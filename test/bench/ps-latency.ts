// How long a pull takes: at half of the peak load while pushes and rounds run, and one at a time on an idle shard.
import type { Percentiles } from './ps-client.ts';
import { costOf, runsOf } from './ps-run.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const KEYS_PER_PULL = 500;

export async function benchPsLatency(options: BenchOptions): Promise<readonly BenchResult[]> {
  const load = { load: 'latency', keys: 'uniform', durability: 'process', seconds: options.seconds } as const;
  const reports = await runsOf(load, options);
  const cost = costOf(reports);
  const figures = (params: BenchResult['params'], of: (index: number) => Percentiles): BenchResult[] =>
    (['p50', 'p99'] as const).map((percentile) => ({
      bench: 'ps-latency',
      metric: `${percentile}_ms`,
      value: Number(median(reports.map((_, run) => of(run)[percentile])).toFixed(3)),
      unit: 'ms',
      runs: reports.length,
      params,
      cost,
    }));
  return [
    ...figures({ keys_per_pull: KEYS_PER_PULL }, (run) => reports[run]!.halfLoad!),
    ...figures({ keys_per_pull: KEYS_PER_PULL, load: 'one at a time' }, (run) => reports[run]!.alone!),
  ];
}
