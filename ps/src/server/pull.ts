// Answers to pulls. A pull only reads: an unknown key gives its initial value and makes no row.
import {
  bytesOf,
  encodeValues,
  keysFromBytes,
  layOutPullResponse,
  type PackedKeys,
  PULL_BYTES_MAX,
  PULL_RESPONSE_START,
  WeirError,
  writePullResponse,
} from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { PullPart, PullRequest } from '@weir/proto/v1/parameter_server';
import { foreignKeys, type Ownership } from '../core/routing.ts';
import { requireKnownEncoding } from '../core/validate-push.ts';
import { PULL_SLICE_VALUES } from '../limits.ts';
import type { ShardCounters } from './counters.ts';
import type { LiveTable } from './live-table.ts';
import type { MemoryPool } from './memory-pool.ts';
import { giveWay } from './slices.ts';
import type { Tables } from './tables.ts';

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

/** A PullResponse as bytes, written where it is sent from. */
export interface EncodedPull {
  readonly message: Uint8Array;
  /** Call it when the message has been sent: its memory is used again. */
  release(): void;
}

/**
 * The answer, at once when it is small; a large one is gathered in slices, between which pushes may be applied.
 * @throws WeirError TABLE_NOT_FOUND, INVALID_ARGUMENT, PULL_TOO_LARGE.
 */
export function answerPull(
  request: PullRequest,
  shard: PullParts,
  pool: MemoryPool,
): EncodedPull | Promise<EncodedPull> {
  const parts = request.parts.map((part) => check(part, shard));
  const values = parts.reduce((sum, { keys, table }) => sum + (keys.length / 2) * table.spec.dim, 0);
  if (values * Float32Array.BYTES_PER_ELEMENT > PULL_BYTES_MAX) {
    const message = `the pull asks for ${values} values; at most ${PULL_BYTES_MAX} bytes of them at a time`;
    throw new WeirError('PULL_TOO_LARGE', message);
  }
  for (const { keys } of parts) shard.counters.pullRows += keys.length / 2;
  const foreign = parts.map(({ keys }) => foreignKeys(keys, shard.ownership));
  const results = parts.map(({ part, table, keys }, i) => ({
    valueBytes: (keys.length / 2) * table.spec.dim * (part.encoding === ValueEncoding.F16 ? 2 : 4),
    refused: bytesOf(foreign[i]!),
  }));
  const { size, valuesAt } = layOutPullResponse(results);
  const memory = pool.take(PULL_RESPONSE_START + size);
  const message = new Uint8Array(memory, PULL_RESPONSE_START, size);
  writePullResponse(message, request.requestId, shard.ownership.epoch, results);
  const places = parts.map((checked, i): Place => {
    return { ...checked, refused: foreign[i]!, memory, at: PULL_RESPONSE_START + valuesAt[i]! };
  });
  const encoded: EncodedPull = { message, release: () => pool.give(memory) };
  if (values > PULL_SLICE_VALUES) return gather(places).then(() => encoded);
  for (const place of places) {
    const out = rowsOf(place);
    place.table.rows.pull(place.keys, out);
    finish(place, out);
  }
  return encoded;
}

/** Where a part's values go. */
interface Place extends CheckedPart {
  readonly refused: Uint32Array;
  readonly memory: ArrayBuffer;
  readonly at: number;
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

async function gather(places: readonly Place[]): Promise<void> {
  for (const place of places) {
    const { keys, table } = place;
    const { dim } = table.spec;
    const sliceKeys = Math.max(1, Math.floor(PULL_SLICE_VALUES / dim));
    const out = rowsOf(place);
    for (let from = 0; from < keys.length / 2; from += sliceKeys) {
      table.rows.pull(keys.subarray(2 * from, 2 * (from + sliceKeys)), out, from * dim);
      await giveWay();
    }
    finish(place, out);
  }
}

/** Memory for a part's rows: the message's own for f32. */
function rowsOf({ part, keys, table, memory, at }: Place): Float32Array {
  const length = (keys.length / 2) * table.spec.dim;
  return part.encoding === ValueEncoding.F16
    ? new Float32Array(length)
    : new Float32Array(memory, at, length);
}

function finish({ part, table, refused, memory, at }: Place, out: Float32Array): void {
  const { dim } = table.spec;
  for (const index of refused) out.fill(0, index * dim, (index + 1) * dim);
  if (part.encoding !== ValueEncoding.F16) return;
  const halves = encodeValues(out, part.encoding);
  new Uint8Array(memory, at, halves.length).set(halves);
}
