// Finds the columns of an encoded FeatureBlock without decoding their values, and checks that each column's
// sizes agree: after this a walk over its values cannot run short.
import { DOCUMENTS_MAX, FEATURES_MAX } from '@weir/proto';
import type { FeatureSide, FeatureType } from './schema.ts';
import { malformed, WireReader } from './wire-reader.ts';

export interface Column {
  readonly name: string;
  /** Where the name's UTF-8 lies in the block. */
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly side: FeatureSide;
  readonly type: FeatureType;
  readonly rows: number;
  /** The column's message. */
  readonly start: number;
  readonly end: number;
  /** Where numbers lie. */
  readonly numeric: number;
  /** Where counts of multiple values lie. */
  readonly counts: number;
  /** Where the bits of present rows lie; -1: every row is present. */
  readonly present: number;
}

export interface BlockColumns {
  readonly documents: number;
  readonly columns: readonly Column[];
  /** Where the static vectors lie; undefined: there are none. */
  readonly statics: { readonly start: number; readonly end: number } | undefined;
}

/** Each side may have as many as the encoder takes. */
const COLUMNS_MAX = 3 * FEATURES_MAX;

const text = new TextDecoder();

/** @throws WeirError INVALID_ARGUMENT naming the column and what is wrong with it. */
export function scanBlock(bytes: Uint8Array): BlockColumns {
  const reader = new WireReader(bytes);
  const sides: FeatureSide[] = [];
  const places: number[] = [];
  let documents = 0;
  let statics: BlockColumns['statics'];
  while (reader.more) {
    const tag = reader.varint();
    if (tag === 0x08) {
      documents = reader.varint();
      continue;
    }
    reader.skip(tag);
    if (tag === 0x2a) statics = { start: reader.start, end: reader.stop };
    const side = sideOf(tag);
    if (side === undefined) continue;
    sides.push(side);
    places.push(reader.start, reader.stop);
  }
  if (documents > DOCUMENTS_MAX) throw malformed(`${documents} documents; at most ${DOCUMENTS_MAX}`);
  if (sides.length > COLUMNS_MAX) throw malformed(`${sides.length} columns; at most ${COLUMNS_MAX}`);
  const columns = sides.map((side, i) =>
    scanColumn(reader, side, side === 'context' ? 1 : documents, places[2 * i]!, places[2 * i + 1]!),
  );
  return { documents, columns, statics };
}

function sideOf(tag: number): FeatureSide | undefined {
  return tag === 0x12 ? 'context' : tag === 0x1a ? 'document' : tag === 0x22 ? 'exposure' : undefined;
}

function scanColumn(reader: WireReader, side: FeatureSide, rows: number, start: number, end: number): Column {
  reader.at = start;
  reader.end = end;
  let nameStart = 0;
  let nameEnd = 0;
  let categorical = 0;
  let multi = 0;
  let numeric = 0;
  let numericBytes = 0;
  let counts = 0;
  let countsBytes = 0;
  let present = -1;
  let presentBytes = 0;
  while (reader.more) {
    const tag = reader.varint();
    reader.skip(tag);
    if (tag === 0x12) categorical++;
    else if (tag === 0x22) multi++;
    else if (tag === 0x0a) {
      nameStart = reader.start;
      nameEnd = reader.stop;
    } else if (tag === 0x1a) {
      numeric = reader.start;
      numericBytes = reader.stop - reader.start;
    } else if (tag === 0x2a) {
      counts = reader.start;
      countsBytes = reader.stop - reader.start;
    } else if (tag === 0x32 && reader.stop > reader.start) {
      present = reader.start;
      presentBytes = reader.stop - reader.start;
    }
  }
  const { bytes } = reader;
  const name = text.decode(bytes.subarray(nameStart, nameEnd));
  const fail = (what: string) => malformed(`${side} feature "${name}" ${what}`);
  if (name === '') throw malformed(`a ${side} feature has no name`);
  if (present >= 0 && presentBytes * 8 < rows) throw fail(`has presence bits for fewer than ${rows} rows`);
  const values = present < 0 ? rows : countBits(bytes, present, rows);
  const kinds = (categorical > 0 ? 1 : 0) + (numericBytes > 0 ? 1 : 0) + (countsBytes > 0 ? 1 : 0);
  if (kinds > 1) throw fail('has values of more than one type');
  let type: FeatureType = 'categorical';
  if (numericBytes > 0) {
    type = 'numeric';
    if (numericBytes !== values * 8) throw fail(`has ${numericBytes} bytes of numbers for ${values} rows`);
  } else if (countsBytes > 0 || multi > 0) {
    type = 'multi-valued';
    if (countsBytes !== values * 4) throw fail(`has ${countsBytes} bytes of counts for ${values} rows`);
    if (sumOfCounts(bytes, counts, values) !== multi) throw fail('has counts that do not sum to its values');
  } else if (categorical !== values) throw fail(`has ${categorical} values for ${values} rows`);
  return { name, nameStart, nameEnd, side, type, rows, start, end, numeric, counts, present };
}

export function isPresent(bytes: Uint8Array, present: number, row: number): boolean {
  return present < 0 || ((bytes[present + (row >>> 3)]! >>> (row & 7)) & 1) === 1;
}

export function u32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function countBits(bytes: Uint8Array, present: number, rows: number): number {
  let count = 0;
  for (let row = 0; row < rows; row++) if (isPresent(bytes, present, row)) count++;
  return count;
}

function sumOfCounts(bytes: Uint8Array, counts: number, values: number): number {
  let sum = 0;
  for (let i = 0; i < values; i++) sum += u32At(bytes, counts + 4 * i);
  return sum;
}
