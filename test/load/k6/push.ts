// Pushes by unary calls: a batch of Zipf keys to all shards concerned, at once.
import { batchesOf } from './batches.ts';
import { optionsOf } from './measures.ts';
import { pushBatch } from './push-batch.ts';

export const options = optionsOf('push');
const batches = batchesOf({ withGradients: true });

export default function (): Promise<void> {
  return pushBatch(batches[__ITER % batches.length]!);
}
