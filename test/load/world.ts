// What the suite loads: the whole loop as processes, a filled table on its three shards, and rows behind what `rank` asks for.
import { categoricalKey, numericKey } from '@weir/model';
import { connect, type Weir } from '@weir/sdk';
import type { Loop } from '../../cli/src/local-cluster/loop.ts';
import { cpuSeconds } from '../bench/process-usage.ts';
import { gradientBatch } from '../bench/ps-workload.ts';
import { openPlainLoop, seedsOf } from '../tools/plain-loop.ts';
import type { ClusterPlan, PredictorPlan } from './k6/plan.ts';
import { prepareTable } from './prepare-table.ts';
import { madeUpDocuments, madeUpRequests } from './rank-requests.ts';

const ROWS = 1 << 18;

export interface LoadWorld extends AsyncDisposable {
  readonly cluster: ClusterPlan;
  readonly predictor: PredictorPlan;
  /** Of all shards: rows pulled and pushed since they began. */
  counts(): Promise<{ readonly pullRows: number; readonly pushRows: number }>;
  /** CPU seconds of the shards, or of the predictor and what it logs to. */
  serverCpuS(script: string): number;
}

export async function openLoadWorld(): Promise<LoadWorld> {
  const loop = await openPlainLoop();
  const { addresses, services } = loop.cluster;
  const weir = await connect({ seeds: seedsOf(loop), clientId: 'load' });
  const shards = addresses.shards.map((_, index) => `shard-${index}`);
  await makeRanked(loop, weir);
  return {
    cluster: await prepareTable(weir, 'load/rows', ROWS),
    predictor: { address: addresses.predictor.listen, requests: madeUpRequests(1) },
    async counts() {
      const all = await weir.describeShards();
      const sum = (of: 'pullRows' | 'pushRows') =>
        all.reduce((rows, status) => {
          if ('error' in status) throw status.error;
          return rows + status.description[of];
        }, 0);
      return { pullRows: sum('pullRows'), pushRows: sum('pushRows') };
    },
    serverCpuS(script) {
      const names = script === 'rank' ? ['predictor', 'streams'] : shards;
      return names.reduce((sum, name) => sum + cpuSeconds(services.get(name)!.pid!), 0);
    },
    async [Symbol.asyncDispose]() {
      await weir.close();
      await loop[Symbol.asyncDispose]();
    },
  };
}

/** Rows of the model, as training would have made them. */
async function makeRanked(loop: Loop, weir: Weir): Promise<void> {
  const table = await weir.table(`${loop.run.name}/lr`);
  const keys = new Set([numericKey('price')]);
  for (const features of madeUpDocuments(1).flat()) {
    keys.add(categoricalKey('doc', features.doc));
    keys.add(categoricalKey('brand', features.brand));
  }
  const gradients = gradientBatch(1, keys.size).subarray(0, keys.size);
  await table.push(BigUint64Array.from(keys), gradients);
}
