// Answers to pulls. A pull only reads: an unknown key gives its initial value and makes no row.
import {
  bytesOf,
  encodeValues,
  keysFromBytes,
  type PackedKeys,
  PULL_BYTES_MAX,
  WeirError,
} from '@weir/proto';
import type { PullPart, PullRequest, PullResponse, PullResult } from '@weir/proto/v1/parameter_server';
import { foreignKeys, type Ownership } from '../core/routing.ts';
import { requireKnownEncoding } from '../core/validate-push.ts';
import { PULL_SLICE_VALUES } from '../limits.ts';
import type { ShardCounters } from './counters.ts';
import { giveWay } from './slices.ts';
import type { LiveTable, Tables } from './tables.ts';

interface CheckedPart {
  readonly part: PullPart;
  readonly table: LiveTable;
  readonly keys: PackedKeys;
}

export interface PullParts {
  readonly tables: Tables;
  readonly ownership: Ownership;
  readonly counters: ShardCounters;
}

/**
 * The answer, at once when it is small; a large one is gathered in slices, between which pushes may be applied.
 * @throws WeirError TABLE_NOT_FOUND, INVALID_ARGUMENT, PULL_TOO_LARGE.
 */
export function answerPull(request: PullRequest, shard: PullParts): PullResponse | Promise<PullResponse> {
  const parts = request.parts.map((part) => check(part, shard));
  const values = parts.reduce((sum, { keys, table }) => sum + (keys.length / 2) * table.spec.dim, 0);
  if (values * Float32Array.BYTES_PER_ELEMENT > PULL_BYTES_MAX) {
    const message = `the pull asks for ${values} values; at most ${PULL_BYTES_MAX} bytes of them at a time`;
    throw new WeirError('PULL_TOO_LARGE', message);
  }
  for (const { keys } of parts) shard.counters.pullRows += keys.length / 2;
  const { requestId } = request;
  const { epoch } = shard.ownership;
  if (values > PULL_SLICE_VALUES) {
    return gather(parts, shard).then((results) => ({ requestId, epoch, results, error: undefined }));
  }
  const results = parts.map((checked) => {
    const out = new Float32Array((checked.keys.length / 2) * checked.table.spec.dim);
    checked.table.rows.pull(checked.keys, out);
    return result(checked, out, shard.ownership);
  });
  return { requestId, epoch, results, error: undefined };
}

function check(part: PullPart, { tables }: PullParts): CheckedPart {
  const table = tables.get(part.tableUid);
  if (table === undefined) {
    const message = `no table ${part.tableUid} on this shard`;
    throw new WeirError('TABLE_NOT_FOUND', message, { table: part.tableUid });
  }
  requireKnownEncoding(part.encoding, table.spec.name);
  try {
    return { part, table, keys: keysFromBytes(part.keys) };
  } catch (error) {
    const message = `table ${table.spec.name}: ${WeirError.from(error).message}`;
    throw new WeirError('INVALID_ARGUMENT', message, { table: table.spec.name, cause: error });
  }
}

async function gather(parts: readonly CheckedPart[], { ownership }: PullParts): Promise<PullResult[]> {
  const results: PullResult[] = [];
  for (const checked of parts) {
    const { keys, table } = checked;
    const { dim } = table.spec;
    const sliceKeys = Math.max(1, Math.floor(PULL_SLICE_VALUES / dim));
    const out = new Float32Array((keys.length / 2) * dim);
    for (let from = 0; from < keys.length / 2; from += sliceKeys) {
      table.rows.pull(keys.subarray(2 * from, 2 * (from + sliceKeys)), out, from * dim);
      await giveWay();
    }
    results.push(result(checked, out, ownership));
  }
  return results;
}

function result({ part, table, keys }: CheckedPart, out: Float32Array, ownership: Ownership): PullResult {
  const refused = foreignKeys(keys, ownership);
  const { dim } = table.spec;
  for (const index of refused) out.fill(0, index * dim, (index + 1) * dim);
  return { values: encodeValues(out, part.encoding), refused: bytesOf(refused) };
}
