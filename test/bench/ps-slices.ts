// How long work keeps the shard's event loop from the network: pieces of each kind, under the load of ps-latency.
import { runsOf } from './ps-run.ts';
import { type BenchOptions, type BenchResult, median } from './result.ts';

export async function benchPsSlices(options: BenchOptions): Promise<readonly BenchResult[]> {
  const load = { load: 'latency', keys: 'uniform', durability: 'process', seconds: options.seconds } as const;
  const reports = await runsOf(load, options);
  const kinds = new Set(reports.flatMap(({ slices }) => [...slices.keys()]));
  return [...kinds].sort().flatMap((kind): BenchResult[] => {
    const of = (figure: 'longestMs' | 'long' | 'all') =>
      median(reports.map(({ slices }) => slices.get(kind)?.[figure] ?? 0));
    const common = { bench: 'ps-slices', runs: reports.length, params: { kind } };
    return [
      { ...common, metric: 'longest_ms', value: Number(of('longestMs').toFixed(3)), unit: 'ms' },
      { ...common, metric: 'long_ratio', value: Number((of('long') / of('all')).toFixed(4)), unit: 'ratio' },
    ];
  });
}
