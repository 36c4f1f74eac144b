// Pulls and pushes together, in the proportion of the benches.
import { MIXED_CALLS } from '../../bench/ps-workload.ts';
import { batchesOf } from './batches.ts';
import { optionsOf } from './measures.ts';
import { pullBatch } from './pull-batch.ts';
import { pushBatch } from './push-batch.ts';

export const options = optionsOf('mixed');
const batches = batchesOf({ withGradients: true });

export default function (): Promise<void> {
  const batch = batches[__ITER % batches.length]!;
  // Clients push in turn, not all at once.
  return (__VU + __ITER) % MIXED_CALLS === 0 ? pushBatch(batch) : pullBatch(batch);
}
