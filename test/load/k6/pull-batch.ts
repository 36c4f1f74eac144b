// One pull as the client library makes it: each shard's keys by one call, all at once.
import { StatusOK } from 'k6/net/grpc';
import { BATCH_ROWS, DIM } from '../../bench/ps-workload.ts';
import type { Batch } from './batches.ts';
import { metadata } from './identity.ts';
import { failed, now, succeeded } from './measures.ts';
import { plan } from './read-plan.ts';
import { cluster, shards } from './shards.ts';

const METHOD = 'weir.v1.ParameterServer/PullOnce';
/** One of so many pulls is looked at: to decode the rows costs k6 more than to fetch them. `smoke` looks at all. */
const LOOK_EVERY = plan.load.profile === 'smoke' ? 1 : 16;

interface PullAnswer {
  readonly results?: readonly { readonly values?: string; readonly refused?: string }[];
}

let pulls = 0;

export async function pullBatch(batch: Batch): Promise<void> {
  const clients = shards();
  const discardResponseMessage = pulls++ % LOOK_EVERY !== 0;
  const begunMs = now();
  const answers = await Promise.all(
    batch.map(({ shard, keys }) =>
      clients[shard]!.asyncInvoke(
        METHOD,
        { epoch: cluster.epoch, parts: [{ tableUid: cluster.tableUid, keys }] },
        { metadata, discardResponseMessage },
      ),
    ),
  );
  for (const [i, { status, error, message }] of answers.entries()) {
    if (status !== StatusOK) return failed('pull', JSON.stringify(error));
    if (discardResponseMessage) continue;
    const { values = '', refused = '' } = (message as PullAnswer).results?.[0] ?? {};
    if (refused !== '') return failed('pull', `${cluster.shards[batch[i]!.shard]!.id} does not own all keys`);
    if (values.length !== base64Length(batch[i]!.rows * DIM * 4)) {
      return failed('pull', `${values.length} characters of values for ${batch[i]!.rows} keys`);
    }
  }
  succeeded('pull', BATCH_ROWS, begunMs);
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}
