// Hashes values into entries: a column's, a record field's, or a default's.
import { type Column, isPresent, u32At } from './block-columns.ts';
import type { EntryBuffer } from './entry-buffer.ts';
import { logBucket } from './log-bucket.ts';
import { malformed, WireReader } from './wire-reader.ts';
import { hashed, xxh64 } from './xxh64.ts';

export interface EntryKey {
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

/** How one feature's values become entries. */
export interface Hashing {
  /** Index of the feature in the examples' names. */
  readonly feature: number;
  /** Words of the name's hash: seed of its values' keys, key of its numbers. */
  readonly low: number;
  readonly high: number;
  /** Set where numbers become buckets. */
  readonly bounds: Float64Array | undefined;
  /** What stands in for an absent value; empty: nothing. */
  readonly fallback: readonly EntryKey[];
}

const ABSENT = -1;
const utf8 = new TextEncoder();
const scratch = new Uint8Array(32);

/**
 * Adds the entries of a column's rows, in the order of rows.
 * @param documentOfRow the document that each row belongs to; -1: none, the row is left out.
 */
export function addColumn(
  buffer: EntryBuffer,
  bytes: Uint8Array,
  column: Column,
  documentOfRow: Int32Array,
  hashing: Hashing,
): void {
  const reader = new WireReader(bytes);
  reader.at = column.start;
  reader.end = column.end;
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { low, high, feature } = hashing;
  const valueTag = column.type === 'categorical' ? 0x12 : 0x22;
  let values = 0;
  for (let row = 0; row < column.rows; row++) {
    const document = documentOfRow[row]!;
    if (!isPresent(bytes, column.present, row)) {
      if (document !== ABSENT) addFallback(buffer, document, hashing);
      continue;
    }
    const value = values++;
    if (column.type === 'numeric') {
      const number = numbers.getFloat64(column.numeric + 8 * value, true);
      if (!Number.isFinite(number)) throw malformed(`feature "${column.name}" of row ${row} is ${number}`);
      if (document !== ABSENT) addNumber(buffer, number, document, hashing);
      continue;
    }
    const count = column.type === 'categorical' ? 1 : u32At(bytes, column.counts + 4 * value);
    for (let i = 0; i < count; i++) {
      let tag: number;
      do {
        tag = reader.varint();
        reader.skip(tag);
      } while (tag !== valueTag);
      if (document === ABSENT) continue;
      xxh64(bytes, reader.start, reader.stop, low, high);
      buffer.add(hashed[0]!, hashed[1]!, 1, document, feature);
    }
  }
}

/** Adds a number's entry: its bucket as a value, or the name's key with the number as weight. */
export function addNumber(buffer: EntryBuffer, number: number, document: number, hashing: Hashing): void {
  if (hashing.bounds === undefined) {
    buffer.add(hashing.low, hashing.high, number, document, hashing.feature);
    return;
  }
  const length = utf8.encodeInto(String(logBucket(number, hashing.bounds)), scratch).written;
  xxh64(scratch, 0, length, hashing.low, hashing.high);
  buffer.add(hashed[0]!, hashed[1]!, 1, document, hashing.feature);
}

export function addString(buffer: EntryBuffer, value: string, document: number, hashing: Hashing): void {
  const bytes = utf8.encode(value);
  xxh64(bytes, 0, bytes.byteLength, hashing.low, hashing.high);
  buffer.add(hashed[0]!, hashed[1]!, 1, document, hashing.feature);
}

export function addFallback(buffer: EntryBuffer, document: number, hashing: Hashing): void {
  for (const entry of hashing.fallback)
    buffer.add(entry.low, entry.high, entry.weight, document, hashing.feature);
}
