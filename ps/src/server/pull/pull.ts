// Answers to pulls. A pull only reads: an unknown key gives its initial value and makes no row.
import {
  bytesOf,
  encodeValues,
  keyCount,
  keysFromBytes,
  layOutPullResponse,
  type PackedKeys,
  PULL_BYTES_MAX,
  PULL_RESPONSE_START,
  type PullResponseLayout,
  type PullResultLayout,
  WeirError,
  writePullResponse,
} from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { PullPart, PullRequest } from '@weir/proto/v1/parameter_server';
import { foreignKeys, type Ownership } from '../../core/routing.ts';
import { requireKnownEncoding } from '../../core/validate-push.ts';
import { PULL_SLICE_KEYS, PULL_SLICE_VALUES } from '../../limits.ts';
import type { ShardCounters } from '../counters.ts';
import { Slice } from '../slices.ts';
import type { LiveTable } from '../tables/live-table.ts';
import type { Tables } from '../tables/tables.ts';
import type { AnswerMemory } from './answer-memory.ts';

interface AnswerLayout extends PullResponseLayout {
  readonly results: readonly PullResultLayout[];
}

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
 * The answer, at once when it is small and there is memory for it; a large one is gathered in slices, between which
 * pushes may be applied.
 * @throws WeirError TABLE_NOT_FOUND, INVALID_ARGUMENT, PULL_TOO_LARGE.
 */
export function answerPull(
  request: PullRequest,
  shard: PullParts,
  pool: AnswerMemory,
): EncodedPull | Promise<EncodedPull> {
  const parts = request.parts.map((part) => check(part, shard));
  const values = parts.reduce((sum, { keys, table }) => sum + keyCount(keys) * table.spec.dim, 0);
  const keys = parts.reduce((sum, part) => sum + keyCount(part.keys), 0);
  if (values * Float32Array.BYTES_PER_ELEMENT > PULL_BYTES_MAX) {
    const message = `the pull asks for ${values} values; at most ${PULL_BYTES_MAX} bytes of them at a time`;
    throw new WeirError('PULL_TOO_LARGE', message);
  }
  shard.counters.pullRows += keys;
  const small = values <= PULL_SLICE_VALUES && keys <= PULL_SLICE_KEYS;
  if (!small) return gather(request.requestId, parts, shard, pool);
  const foreign = parts.map((part) => foreignKeys(part.keys, shard.ownership));
  const layout = layOut(parts, foreign);
  const encode = (memory: ArrayBuffer): EncodedPull | Promise<EncodedPull> => {
    const { message, places } = begin(request.requestId, parts, foreign, layout, memory, shard);
    const answer = { message, release: () => pool.give(memory) };
    const waiting = copyAll(places, 0);
    return waiting === undefined ? answer : answerAfter(waiting, answer);
  };
  const memory = pool.take(PULL_RESPONSE_START + layout.size);
  return memory instanceof Promise ? memory.then(encode) : encode(memory);
}

/** What waits for rows that are not in memory. */
async function answerAfter(copied: Promise<void>, answer: EncodedPull): Promise<EncodedPull> {
  try {
    await copied;
    return answer;
  } catch (error) {
    answer.release();
    throw error;
  }
}

/** Copies the rows of these places; a promise when some are not in memory. */
function copyAll(places: readonly Place[], first: number): Promise<void> | undefined {
  for (let at = first; at < places.length; at++) {
    const place = places[at]!;
    const waiting = place.table.spill?.takeIn(place.keys);
    if (waiting !== undefined) return copyFrom(waiting, places, at);
    copyRows(place, 0, keyCount(place.keys));
  }
  return undefined;
}

async function copyFrom(waiting: Promise<void>, places: readonly Place[], at: number): Promise<void> {
  await waiting;
  copyRows(places[at]!, 0, keyCount(places[at]!.keys));
  await copyAll(places, at + 1);
}

/** Where a part's values go. */
interface Place extends CheckedPart {
  readonly refused: Uint32Array;
  readonly memory: ArrayBuffer;
  readonly at: number;
}

async function gather(
  requestId: number,
  parts: readonly CheckedPart[],
  shard: PullParts,
  pool: AnswerMemory,
): Promise<EncodedPull> {
  const slice = await Slice.begin('pull');
  const foreign: Uint32Array[] = [];
  for (const { keys } of parts) {
    // At most 4 ns a key: as many as values may be in a slice.
    const found: Uint32Array[] = [];
    for (let from = 0; from < keyCount(keys); from += PULL_SLICE_VALUES) {
      const piece = foreignKeys(keys.subarray(2 * from, 2 * (from + PULL_SLICE_VALUES)), shard.ownership);
      found.push(piece.map((index) => index + from));
      if (slice.over) await slice.next();
    }
    foreign.push(joined(found));
  }
  const layout = layOut(parts, foreign);
  slice.end();
  const memory = await pool.take(PULL_RESPONSE_START + layout.size);
  await slice.next();
  const { message, places } = begin(requestId, parts, foreign, layout, memory, shard);
  const answer = { message, release: () => pool.give(memory) };
  return answerAfter(gatherRows(places, slice), answer);
}

async function gatherRows(places: readonly Place[], slice: Slice): Promise<void> {
  for (const place of places) {
    const { keys, table } = place;
    const sliceKeys = Math.max(1, Math.min(PULL_SLICE_KEYS, Math.floor(PULL_SLICE_VALUES / table.spec.dim)));
    for (let from = 0; from < keyCount(keys); from += sliceKeys) {
      if (slice.over) await slice.next();
      const to = Math.min(keyCount(keys), from + sliceKeys);
      const waiting = table.spill?.takeIn(keys.subarray(2 * from, 2 * to));
      if (waiting === undefined) {
        copyRows(place, from, to);
        continue;
      }
      slice.end();
      await waiting;
      // In this turn, since the rows may leave in the next.
      copyRows(place, from, to);
      await slice.next();
    }
  }
  slice.end();
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

function layOut(parts: readonly CheckedPart[], foreign: readonly Uint32Array[]): AnswerLayout {
  const results = parts.map(({ part, table, keys }, i) => ({
    valueBytes: keyCount(keys) * table.spec.dim * (part.encoding === ValueEncoding.F16 ? 2 : 4),
    refused: bytesOf(foreign[i]!),
  }));
  return { results, ...layOutPullResponse(results) };
}

/** Writes everything but the values. */
function begin(
  requestId: number,
  parts: readonly CheckedPart[],
  foreign: readonly Uint32Array[],
  { results, size, valuesAt }: AnswerLayout,
  memory: ArrayBuffer,
  shard: PullParts,
): { message: Uint8Array; places: Place[] } {
  const message = new Uint8Array(memory, PULL_RESPONSE_START, size);
  writePullResponse(message, requestId, shard.ownership.epoch, results);
  const places = parts.map((checked, i): Place => {
    return { ...checked, refused: foreign[i]!, memory, at: PULL_RESPONSE_START + valuesAt[i]! };
  });
  return { message, places };
}

/** Values of keys `from` to `to`; those of refused keys are zero. */
function copyRows({ part, keys, table, refused, memory, at }: Place, from: number, to: number): void {
  const { dim } = table.spec;
  const length = (to - from) * dim;
  const halves = part.encoding === ValueEncoding.F16;
  const out = halves ? new Float32Array(length) : new Float32Array(memory, at + 4 * from * dim, length);
  table.rows.pull(keys.subarray(2 * from, 2 * to), out);
  if (refused.length > 0) {
    for (let i = firstFrom(refused, from); i < refused.length && refused[i]! < to; i++) {
      out.fill(0, (refused[i]! - from) * dim, (refused[i]! - from + 1) * dim);
    }
  }
  if (!halves) return;
  new Uint8Array(memory, at + 2 * from * dim, 2 * length).set(encodeValues(out, part.encoding));
}

/** Index of the first element of a rising array that is at least `value`. */
function firstFrom(rising: Uint32Array, value: number): number {
  let low = 0;
  for (let high = rising.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (rising[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function joined(pieces: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
