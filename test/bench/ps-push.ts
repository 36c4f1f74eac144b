// Pushes to one shard with its log on, batches in flight, through the public SDK.
import { benchThroughput } from './ps-throughput.ts';
import type { BenchOptions, BenchResult } from './result.ts';

export function benchPsPush(options: BenchOptions): Promise<readonly BenchResult[]> {
  const cases = [
    { durability: 'process', keys: 'uniform' },
    { durability: 'process', keys: 'zipf' },
    { durability: 'machine', keys: 'uniform' },
  ] as const;
  return benchThroughput({ bench: 'ps-push', load: 'push', peer: 'MSET', cases }, options);
}
