// Batches as the benches make them (test/bench/ps-workload.ts), routed and encoded before the clock starts. They are made once a
// run, and each client takes a few of them.
import { SharedArray } from 'k6/data';
import encoding from 'k6/encoding';
import { packKeys } from '../../../proto/src/keys.ts';
import { slotsOf } from '../../../proto/src/slots.ts';
import { BATCH_ROWS, DIM, gradientBatch, keyBatches } from '../../bench/ps-workload.ts';
import type { ClusterPlan } from './plan.ts';
import { clusterPlan, plan } from './read-plan.ts';

/** What one shard has of a batch; arrays are base64, as k6 wants them. */
export interface ShardPart {
  /** Index into the routing table's shards. */
  readonly shard: number;
  readonly rows: number;
  readonly keys: string;
  /** Gradients; empty for pulls. */
  readonly values: string;
}

export type Batch = readonly ShardPart[];

/** Distinct ones of a run: to make one takes k6 40 ms. */
const BATCHES = 32;
const BATCHES_OF_CLIENT = 8;
const GRADIENT_BATCHES = 8;

/** This client's batches. @param withGradients for pushes */
export function batchesOf({ withGradients }: { readonly withGradients: boolean }): readonly Batch[] {
  const all = new SharedArray<Batch>(withGradients ? 'pushes' : 'pulls', () => makeBatches(withGradients));
  return Array.from({ length: BATCHES_OF_CLIENT }, (_, i) => all[(__VU * BATCHES_OF_CLIENT + i) % BATCHES]!);
}

function makeBatches(withGradients: boolean): Batch[] {
  const { randomSeed } = plan.load;
  const cluster = clusterPlan();
  const gradients = withGradients
    ? Array.from({ length: GRADIENT_BATCHES }, (_, i) => gradientBatch(randomSeed + 1 + i, BATCH_ROWS))
    : [];
  return keyBatches('zipf', BATCHES, BATCH_ROWS, cluster.rows, randomSeed).map((keys, i) =>
    routed(keys, cluster, gradients[i % GRADIENT_BATCHES]),
  );
}

function routed(keys: BigUint64Array, cluster: ClusterPlan, gradients: Float32Array | undefined): Batch {
  const words = packKeys(keys);
  const rowsOf: number[][] = cluster.shards.map(() => []);
  for (const [row, slot] of slotsOf(words).entries()) rowsOf[cluster.slots[slot]!]!.push(row);
  return rowsOf.flatMap((rows, shard) => {
    if (rows.length === 0) return [];
    const own = new Uint32Array(2 * rows.length);
    const values = new Float32Array(gradients === undefined ? 0 : DIM * rows.length);
    rows.forEach((row, i) => {
      own[2 * i] = words[2 * row]!;
      own[2 * i + 1] = words[2 * row + 1]!;
      if (gradients !== undefined) values.set(gradients.subarray(DIM * row, DIM * (row + 1)), DIM * i);
    });
    return [{ shard, rows: rows.length, keys: base64(own), values: base64(values) }];
  });
}

function base64({ buffer }: { readonly buffer: ArrayBuffer }): string {
  return encoding.b64encode(buffer);
}
