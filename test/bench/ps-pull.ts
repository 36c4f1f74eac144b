// Pulls from one shard, batches in flight, through the public SDK.
import { benchThroughput } from './ps-throughput.ts';
import type { BenchOptions, BenchResult } from './result.ts';

export function benchPsPull(options: BenchOptions): Promise<readonly BenchResult[]> {
  const cases = [
    { durability: 'process', keys: 'uniform' },
    { durability: 'process', keys: 'zipf' },
  ] as const;
  return benchThroughput({ bench: 'ps-pull', load: 'pull', peer: 'MGET', cases }, options);
}
