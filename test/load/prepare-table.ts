// The table that a load runs on: made and filled where it is not there yet, as the benches do.
import type { Weir } from '@weir/sdk';
import { BATCH_ROWS, DIM, gradientBatch, IN_FLIGHT, rowKeys } from '../bench/ps-workload.ts';
import type { ClusterPlan } from './k6/plan.ts';

/** @param rows of the table, at least; every row below it exists then. */
export async function prepareTable(weir: Weir, name: string, rows: number): Promise<ClusterPlan> {
  await weir.tables.create({
    name,
    dim: DIM,
    optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.1 },
    initializer: { kind: 'zero' },
  });
  const { spec, rows: there } = await weir.tables.describe(name);
  if (there < rows) await fill(weir, name, rows);
  const { epoch, shards, slots } = weir.routing();
  return { epoch, shards, slots: Array.from(slots), tableUid: spec.uid, rows };
}

async function fill(weir: Weir, name: string, rows: number): Promise<void> {
  const table = await weir.table(name);
  const gradients = gradientBatch(2, BATCH_ROWS);
  let next = 0;
  const pushSome = async (): Promise<void> => {
    while (next < rows) {
      const keys = rowKeys(next, Math.min(BATCH_ROWS, rows - next));
      next += keys.length;
      await table.push(keys, gradients.subarray(0, keys.length * DIM));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, pushSome));
}
