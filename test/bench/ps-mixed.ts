// Pulls and pushes of one shard together, four batches pulled for each one pushed, through the public SDK.
import { benchThroughput } from './ps-throughput.ts';
import type { BenchOptions, BenchResult } from './result.ts';

export function benchPsMixed(options: BenchOptions): Promise<readonly BenchResult[]> {
  const cases = [{ durability: 'process', keys: 'zipf' }] as const;
  return benchThroughput({ bench: 'ps-mixed', load: 'mixed', peer: undefined, cases }, options);
}
