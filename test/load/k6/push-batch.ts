// One push by unary calls: each shard's rows by one call, all at once. Without a client and a number, as simple clients do it.
import { StatusOK } from 'k6/net/grpc';
import { BATCH_ROWS } from '../../bench/ps-workload.ts';
import type { Batch, ShardPart } from './batches.ts';
import { metadata } from './identity.ts';
import { failed, now, succeeded } from './measures.ts';
import { cluster, shards } from './shards.ts';

const METHOD = 'weir.v1.ParameterServer/PushOnce';

export async function pushBatch(batch: Batch): Promise<void> {
  const clients = shards();
  const begunMs = now();
  const answers = await Promise.all(
    batch.map((part) =>
      clients[part.shard]!.asyncInvoke(METHOD, { epoch: cluster.epoch, parts: [partOf(part)] }, { metadata }),
    ),
  );
  const refused = answers.find(({ status }) => status !== StatusOK);
  if (refused === undefined) succeeded('push', BATCH_ROWS, begunMs);
  else failed('push', JSON.stringify(refused.error));
}

/** A PushPart. */
export function partOf({ keys, values }: ShardPart): object {
  return { tableUid: cluster.tableUid, keys, values };
}
