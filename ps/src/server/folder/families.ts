// What a shard's folder holds, and under which keys.
//   meta   shard identity, log incarnations, table definitions, dropped tables, and the low mark with what was
//          true at it: clients' numbers, refusals, source offsets, pages per table; where there is no log, which
//          partitions of sources were acquired
//   log    position -> record, contiguous from the low mark
//   sketches    position, table uid, chunk -> counts of keys that are not admitted, as of that low mark
//   tombstones  table uid, position -> keys whose rows a record removed
//   pages  table uid, page -> page of the slab, each at least as new as the low mark; in blob files
//   rows   table uid, key -> row, of tables that keep only a part of their rows in memory; as new as the low mark too,
//          unless the row is in memory
import { KEY_BYTES, type PackedKeys } from '@weir/proto';
import type { PageId } from '../../kernel/row-table.ts';

export const META = 'meta';
export const LOG = 'log';
export const PAGES = 'pages';
export const ROWS = 'rows';
export const SKETCHES = 'sketches';
export const TOMBSTONES = 'tombstones';
export const FAMILIES = [META, LOG, PAGES, ROWS, SKETCHES, TOMBSTONES] as const;

/** How the store is to hold them. */
export const STORE_OPTIONS = { families: FAMILIES, queues: [LOG], archives: [ROWS], blobs: [PAGES] } as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const IDENTITY_KEY = encoder.encode('identity');
export const INCARNATIONS_KEY = encoder.encode('incarnations');
export const CLIENTS_KEY = encoder.encode('clients');
/** How far sources are applied, as of the low mark. */
export const SOURCES_KEY = encoder.encode('sources');
export const LOW_MARK_KEY = encoder.encode('low-mark');
/** When positions were, as of the low mark. */
export const SEQ_CLOCK_KEY = encoder.encode('seq-clock');
/** Table uid -> its rows at the low mark, of tables that keep only a part of them in memory. */
export const ROWS_AT_MARK_KEY = encoder.encode('rows-at-mark');
/** Table uid -> position up to which its tombstones are forgotten. */
export const TOMBSTONE_FLOORS_KEY = encoder.encode('tombstone-floors');
const TABLE_PREFIX = 'table/';
const DROPPED_PREFIX = 'dropped/';
const ACQUIRED_PREFIX = 'acquired/';

/** Definition of a table as of the low mark, or of its creation, with whose record it is written: pages find theirs. */
export function tableKey(uid: string): Uint8Array {
  return encoder.encode(TABLE_PREFIX + uid);
}

/** Mark of a dropped table; written together with its drop record. */
export function droppedKey(uid: string): Uint8Array {
  return encoder.encode(DROPPED_PREFIX + uid);
}

/** Mark of a source's partition that was acquired where offsets do not survive the process. */
export function acquiredKey(group: string, partition: number): Uint8Array {
  return encoder.encode(`${ACQUIRED_PREFIX}${group}/${partition}`);
}

export const TABLE_RANGE = prefixRange(TABLE_PREFIX);
export const DROPPED_RANGE = prefixRange(DROPPED_PREFIX);
export const ACQUIRED_RANGE = prefixRange(ACQUIRED_PREFIX);

export function uidOfDroppedKey(key: Uint8Array): string {
  return decoder.decode(key.subarray(DROPPED_PREFIX.length));
}

/** All pages of a table begin with this, and all its tombstones. */
function uidPrefix(uid: string): Uint8Array {
  return encoder.encode(`${uid}/`);
}

export function pageKey(uid: string, id: PageId): Uint8Array {
  const prefix = uidPrefix(uid);
  const key = new Uint8Array(prefix.length + 8);
  key.set(prefix);
  const view = new DataView(key.buffer, prefix.length);
  view.setUint32(0, id.stripe);
  view.setUint32(4, id.page);
  return key;
}

/** @param key made by `pageKey`. */
export function pageIdOfKey(key: Uint8Array): PageId {
  const view = new DataView(key.buffer, key.byteOffset + key.byteLength - 8, 8);
  return { stripe: view.getUint32(0), page: view.getUint32(4) };
}

export function pageRange(uid: string): { gte: Uint8Array; lt: Uint8Array } {
  return prefixRange(`${uid}/`);
}

export function tombstoneKey(uid: string, seq: number): Uint8Array {
  return Buffer.concat([uidPrefix(uid), seqKey(seq)]);
}

export const tombstoneRange = pageRange;

export function seqOfTombstoneKey(key: Uint8Array): number {
  return seqOfKey(key.subarray(key.length - SEQ_KEY_BYTES));
}

export function sketchKey(upTo: number, uid: string, chunk: number): Uint8Array {
  return Buffer.concat([seqKey(upTo), uidPrefix(uid), Uint8Array.of(chunk)]);
}

/** Keys of the rows of these packed keys. @param memory where they stand, of `rowKeysBytes`; else their own. */
export function rowKeys(
  uid: string,
  keys: PackedKeys,
  memory = new ArrayBuffer(rowKeysBytes(uid, keys)),
): Uint8Array[] {
  const prefix = uidPrefix(uid);
  const size = prefix.length + KEY_BYTES;
  const view = new DataView(memory);
  return Array.from({ length: keys.length / 2 }, (_, i) => {
    const key = new Uint8Array(memory, i * size, size);
    key.set(prefix);
    view.setUint32(i * size + prefix.length, keys[2 * i + 1]!);
    view.setUint32(i * size + prefix.length + 4, keys[2 * i]!);
    return key;
  });
}

export function rowKeysBytes(uid: string, keys: PackedKeys): number {
  return (keys.length / 2) * (uidPrefix(uid).length + KEY_BYTES);
}

/** The packed key of a row. */
export function keyOfRow(rowKey: Uint8Array): { readonly low: number; readonly high: number } {
  const view = new DataView(rowKey.buffer, rowKey.byteOffset + rowKey.byteLength - KEY_BYTES);
  return { high: view.getUint32(0), low: view.getUint32(4) };
}

/** All rows of a table. */
export const rowRange = pageRange;

/** Positions in byte order; below 2^53. */
const SEQ_KEY_BYTES = 8;

export function seqKey(seq: number): Uint8Array {
  const key = new Uint8Array(SEQ_KEY_BYTES);
  const view = new DataView(key.buffer);
  view.setUint32(0, Math.floor(seq / 2 ** 32));
  view.setUint32(4, seq >>> 0);
  return key;
}

export function seqOfKey(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4);
}

export function toJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function fromJson(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes));
}

function prefixRange(prefix: string): { gte: Uint8Array; lt: Uint8Array } {
  const lt = encoder.encode(prefix);
  lt[lt.length - 1]! += 1;
  return { gte: encoder.encode(prefix), lt };
}
