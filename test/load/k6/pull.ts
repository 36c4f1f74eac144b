// Pulls: a batch of Zipf keys from all shards concerned, at once.
import { batchesOf } from './batches.ts';
import { optionsOf } from './measures.ts';
import { pullBatch } from './pull-batch.ts';

export const options = optionsOf('pull');
const batches = batchesOf({ withGradients: false });

export default function (): Promise<void> {
  return pullBatch(batches[__ITER % batches.length]!);
}
