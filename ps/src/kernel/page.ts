// A page as bytes: envelope (core/sealed.ts, with format version and checksum), a header that says which rows these
// are, then the words of its places, up to the last that is taken, as they stand in the slab: keys, seqs, weights,
// optimizer state. A place with seq 0 is free, and all zero.
import { bytesOf, copied, WeirError, xxHash64 } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import { ENVELOPE_BYTES, seal, unseal } from '../core/sealed.ts';
import { PLACES_MAX, type RowLayout, STRIPE_COUNT } from './layout.ts';
import type { PageId } from './row-table.ts';

const PAGE_FORMAT_VERSION = 2;
const PAGE_KIND = 1;
/** Envelope; f64 highest seq; u64 hash of the table uid; then as u32: stripe, page, rows, words a row. */
const HEADER_BYTES = 40;

export interface PageContent extends PageId {
  readonly seq: number;
  /** Places that follow, free ones included. */
  readonly rows: number;
  /** Words of a row. */
  readonly stride: number;
  /** rows x stride. */
  readonly words: Uint32Array;
}

export function encodePage(tableUid: string, content: PageContent): Uint8Array {
  const page = new Uint8Array(HEADER_BYTES + content.words.byteLength);
  const header = new DataView(page.buffer);
  header.setFloat64(ENVELOPE_BYTES, content.seq, true);
  header.setBigUint64(ENVELOPE_BYTES + 8, xxHash64(tableUid), true);
  const numbers = [content.stripe, content.page, content.rows, content.stride];
  for (const [i, value] of numbers.entries()) header.setUint32(ENVELOPE_BYTES + 16 + 4 * i, value, true);
  page.set(bytesOf(content.words), HEADER_BYTES);
  return seal(page, PAGE_FORMAT_VERSION, PAGE_KIND);
}

/**
 * @param table names the table in errors.
 * @throws WeirError CORRUPT for damage or another table's page; CONFIGURATION for a newer format.
 */
export function decodePage(tableUid: string, table: string, page: Uint8Array): PageContent {
  unseal(page, PAGE_FORMAT_VERSION, `a page of table ${table}`);
  if (page.length < HEADER_BYTES) throw corruptPage(table, `${page.length} bytes are too few`);
  const header = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const number = (i: number) => header.getUint32(ENVELOPE_BYTES + 16 + 4 * i, true);
  const [stripe, pageNumber, rows, stride] = [number(0), number(1), number(2), number(3)];
  const what = `stripe ${stripe}, page ${pageNumber}`;
  if (header.getBigUint64(ENVELOPE_BYTES + 8, true) !== xxHash64(tableUid)) {
    throw corruptPage(table, `${what} is of another table`);
  }
  if (page.length !== HEADER_BYTES + rows * stride * 4) {
    throw corruptPage(
      table,
      `${what} has ${page.length} bytes, not those of ${rows} rows of ${stride} words`,
    );
  }
  const body = page.byteOffset % 4 === 0 ? page : copied(page);
  const words = new Uint32Array(body.buffer, body.byteOffset + HEADER_BYTES, rows * stride);
  return { stripe, page: pageNumber, seq: header.getFloat64(ENVELOPE_BYTES, true), rows, stride, words };
}

/** A page that a table of this definition can have. @throws WeirError as `decodePage`; CORRUPT when it cannot. */
export function decodePageOf(
  { uid, name }: TableSpec,
  { stride, pageShift }: RowLayout,
  bytes: Uint8Array,
): PageContent {
  const content = decodePage(uid, name, bytes);
  const { stripe, page, rows } = content;
  const places = page < PLACES_MAX >>> pageShift && rows <= 1 << pageShift;
  if (stripe < STRIPE_COUNT && content.stride === stride && places) return content;
  throw corruptPage(
    name,
    `stripe ${stripe}, page ${page}, ${rows} rows of ${content.stride} words: no such page`,
  );
}

export function corruptPage(table: string, reason: string): WeirError {
  return new WeirError('CORRUPT', `a page of table ${table}: ${reason}`, { table });
}
