// What a shard's folder holds, and under which keys.
//   meta   shard identity, log incarnations, table definitions, dropped tables, and the low mark with what was
//          true at it: clients' numbers, refusals, pages per table
//   log    position -> record, contiguous from the low mark
//   pages  table uid, page -> page of the slab, each at least as new as the low mark
import type { PageId } from '../kernel/row-table.ts';

export const META = 'meta';
export const LOG = 'log';
export const PAGES = 'pages';
export const FAMILIES = [META, LOG, PAGES] as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const IDENTITY_KEY = encoder.encode('identity');
export const INCARNATIONS_KEY = encoder.encode('incarnations');
export const CLIENTS_KEY = encoder.encode('clients');
export const LOW_MARK_KEY = encoder.encode('low-mark');
const TABLE_PREFIX = 'table/';
const DROPPED_PREFIX = 'dropped/';

/** Definition of a table; written together with its create record, so that pages always find theirs. */
export function tableKey(uid: string): Uint8Array {
  return encoder.encode(TABLE_PREFIX + uid);
}

/** Mark of a dropped table; written together with its drop record. */
export function droppedKey(uid: string): Uint8Array {
  return encoder.encode(DROPPED_PREFIX + uid);
}

export const TABLE_RANGE = prefixRange(TABLE_PREFIX);
export const DROPPED_RANGE = prefixRange(DROPPED_PREFIX);

export function uidOfDroppedKey(key: Uint8Array): string {
  return decoder.decode(key.subarray(DROPPED_PREFIX.length));
}

/** All pages of a table begin with this. */
function pagePrefix(uid: string): Uint8Array {
  return encoder.encode(`${uid}/`);
}

export function pageKey(uid: string, id: PageId): Uint8Array {
  const prefix = pagePrefix(uid);
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
  const lt = pagePrefix(uid);
  lt[lt.length - 1]! += 1;
  return { gte: pagePrefix(uid), lt };
}

/** Positions in byte order; below 2^53. */
export function seqKey(seq: number): Uint8Array {
  const key = new Uint8Array(8);
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
