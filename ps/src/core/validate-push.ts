// A push is checked whole, before anything of it is written: it is logged and applied as it stands, or not at all.
import {
  decodeValues,
  keyCount,
  keysFromBytes,
  type PackedKeys,
  PUSH_BYTES_MAX,
  slotOf,
  WeirError,
} from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { PushPart } from '@weir/proto/v1/parameter_server';
import type { TableSpec } from '@weir/proto/v1/tables';
import { allFinite } from './finite.ts';
import type { PushRecordPart } from './log-record.ts';
import type { Ownership } from './routing.ts';
import { type SkippedRows, withoutRows } from './skipped-rows.ts';
import { STEP_VALUES, type Steps } from './steps.ts';

const NO_KEYS: PackedKeys = new Uint32Array(0);

export interface PushContext {
  /** The live table of this uid. */
  table(uid: string): TableSpec | undefined;
  readonly ownership: Ownership;
}

/**
 * Checks a whole push (all frames' parts, in order), in steps, and returns it ready for log and kernel: decoded, parts of the
 * same table joined in order. Keys and values may be views of the request's bytes.
 * @param skipped takes rows that are not finite, which are then left out; without it they refuse the push.
 * @throws WeirError PUSH_TOO_LARGE, TABLE_NOT_FOUND, INVALID_ARGUMENT, DIMENSION_MISMATCH, NOT_FINITE, NOT_OWNER,
 * with table and key index (within the joined part) where there is one.
 */
export function* validatingPush(
  parts: readonly PushPart[],
  context: PushContext,
  skipped?: SkippedRows,
): Steps<PushRecordPart[]> {
  const { ownership } = context;
  const bytes = parts.reduce((sum, part) => sum + part.keys.length + part.values.length, 0);
  if (bytes > PUSH_BYTES_MAX) {
    throw new WeirError(
      'PUSH_TOO_LARGE',
      `the push has ${bytes} bytes for shard ${ownership.shard}, at most ${PUSH_BYTES_MAX} are taken: split it`,
      { shard: ownership.shard },
    );
  }
  const validated: PushRecordPart[] = [];
  for (const [tableUid, tableParts] of Map.groupBy(parts, (part) => part.tableUid)) {
    const spec = context.table(tableUid);
    if (spec === undefined) {
      const { shard } = ownership;
      const message = `shard ${shard} has no table with uid "${tableUid}"`;
      throw new WeirError('TABLE_NOT_FOUND', message, { table: tableUid, shard });
    }
    const keys = yield* joining(tableParts.map((part) => decodedKeys(part, spec.name)));
    const values = yield* joining(tableParts.map((part) => decodedValues(part, spec.name)));
    requireRows(keys, values, spec);
    const poisoned: number[] = [];
    for (let at = 0; at < values.length; at += STEP_VALUES) {
      if (at > 0) yield;
      if (skipped === undefined) requireFinite(values, at, spec);
      else findPoisoned(values, at, spec.dim, poisoned);
    }
    for (let at = 0; at < keys.length; at += STEP_VALUES) {
      if (at > 0) yield;
      requireOwned(keys, at, spec, ownership);
    }
    const part = { tableUid, keys, values, counted: NO_KEYS };
    if (poisoned.length > 0) skipped?.notFinite(tableUid, poisoned);
    validated.push(poisoned.length > 0 ? withoutRows(part, poisoned) : part);
  }
  return validated;
}

function decodedKeys(part: PushPart, table: string): PackedKeys {
  return whole(table, () => keysFromBytes(part.keys));
}

function decodedValues({ values, encoding }: PushPart, table: string): Float32Array {
  requireKnownEncoding(encoding, table);
  return whole(table, () => decodeValues(values, encoding));
}

/** @throws WeirError INVALID_ARGUMENT. */
export function requireKnownEncoding(encoding: ValueEncoding, table: string): void {
  if (
    encoding !== ValueEncoding.UNSPECIFIED &&
    encoding !== ValueEncoding.F32 &&
    encoding !== ValueEncoding.F16
  ) {
    throw new WeirError('INVALID_ARGUMENT', `table ${table}: unknown value encoding ${encoding}`, { table });
  }
}

/** What a decoder returns; its RangeError (a truncated array) as the caller's fault. */
function whole<T>(table: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new WeirError('INVALID_ARGUMENT', `table ${table}: ${error.message}`, { table, cause: error });
  }
}

function* joining<T extends Uint32Array | Float32Array>(arrays: readonly T[]): Steps<T> {
  const [first] = arrays;
  if (arrays.length === 1) return first!;
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const all = new (first!.constructor as new (length: number) => T)(length);
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
    yield;
  }
  return all;
}

function requireRows(keys: PackedKeys, values: Float32Array, { name, dim }: TableSpec): void {
  const rows = keyCount(keys);
  if (values.length === rows * dim) return;
  throw new WeirError(
    'DIMENSION_MISMATCH',
    `table ${name} has dim ${dim}: ${rows} keys need ${rows * dim} values, not ${values.length}`,
    { table: name },
  );
}

/** Of the values from `from` on, a step's. */
function requireFinite(values: Float32Array, from: number, { name, dim }: TableSpec): void {
  const looked = values.subarray(from, from + STEP_VALUES);
  if (allFinite(looked)) return;
  const i = from + looked.findIndex((value) => !Number.isFinite(value));
  const row = Math.floor(i / dim);
  throw new WeirError(
    'NOT_FINITE',
    `table ${name}: component ${i - row * dim} of row ${row} is ${values[i]}; nothing of the push was applied`,
    { table: name, keyIndex: row },
  );
}

/** Adds the rows with a value that is not finite, of the values from `from` on, a step's. */
function findPoisoned(values: Float32Array, from: number, dim: number, poisoned: number[]): void {
  if (allFinite(values.subarray(from, from + STEP_VALUES))) return;
  const to = Math.min(values.length, from + STEP_VALUES);
  for (let i = from; i < to; i++) {
    const row = Math.floor(i / dim);
    if (!Number.isFinite(values[i]) && poisoned.at(-1) !== row) poisoned.push(row);
  }
}

/** Of the keys from word `from` on, a step's. */
function requireOwned(keys: PackedKeys, from: number, { name }: TableSpec, ownership: Ownership): void {
  if (ownership.all) return;
  const to = Math.min(keys.length, from + STEP_VALUES);
  for (let i = from / 2; 2 * i < to; i++) {
    const slot = slotOf(keys[2 * i]!, keys[2 * i + 1]!);
    if (ownership.slots[slot] !== 1) {
      throw new WeirError(
        'NOT_OWNER',
        `table ${name}: key ${i} is in slot ${slot}, which shard ${ownership.shard} does not own at epoch ${ownership.epoch}; nothing of the push was applied`,
        { table: name, shard: ownership.shard, keyIndex: i, epoch: ownership.epoch },
      );
    }
  }
}
