// The slab: rows by place, in pages, in chunks of 16 pages. The layout of a row and of a page is that of
// ps/src/kernel/layout.ts, which gives the numbers; places are given out in ascending order, holes first.
//
// What always holds: a row keeps its place and its address; a page's rows are its first ones.
import { allocate, CHUNKS, PAGE_ROWS, PAGE_SEQS, reserve } from './memory';

/** Byte of a row's seq (f64) and of its first weight (f32). */
export const SEQ_AT: u32 = 8;
export const WEIGHTS_AT: u32 = 16;

export let dim: u32 = 0;
export let stateSlots: u32 = 0;
/** Bytes of a row, and of its weights. */
export let rowBytes: u32 = 0;
export let weightBytes: u32 = 0;
export let rows: u32 = 0;
let pageShift: u32 = 0;
let chunkShift: u32 = 0;
let chunkBytes: u32 = 0;
let chunks: u32 = 0;
let pages: u32 = 0;
/** Lowest page that may have a free place. */
let openPage: u32 = 0;

/** @param stride 32-bit words of a row. */
export function layOut(
  dimension: u32,
  states: u32,
  stride: u32,
  rowsOfPageShift: u32,
  rowsOfChunkShift: u32,
): void {
  dim = dimension;
  stateSlots = states;
  rowBytes = 4 * stride;
  weightBytes = 4 * dimension;
  pageShift = rowsOfPageShift;
  chunkShift = rowsOfChunkShift;
  chunkBytes = rowBytes << chunkShift;
}

export function slabBytes(): u64 {
  return <u64>chunks * chunkBytes;
}

export function pageCount(): u32 {
  return pages;
}

/** Address of a place's row. */
export function addressOf(place: u32): u32 {
  return load<u32>(CHUNKS + ((place >> chunkShift) << 2)) + (place & ((1 << chunkShift) - 1)) * rowBytes;
}

/** Address of a page's first row; 0 when memory ends before that page. */
export function reachPage(page: u32): u32 {
  while (chunks <= (page << pageShift) >> chunkShift) {
    if (!reserve(chunkBytes)) return 0;
    store<u32>(CHUNKS + (chunks << 2), allocate(chunkBytes));
    chunks++;
  }
  if (pages <= page) pages = page + 1;
  return addressOf(page << pageShift);
}

/** Most bytes that so many new rows may take. */
export function slabBytesFor(newRows: u32): u64 {
  return (<u64>(newRows >> chunkShift) + 2) * chunkBytes;
}

/** Makes a row of the key with seq 0; its weights and state are the caller's to fill. Returns its place. */
export function addRow(key: u64): u32 {
  while (load<u32>(PAGE_ROWS + (openPage << 2)) == 1 << pageShift) openPage++;
  if (reachPage(openPage) == 0) unreachable();
  const inPage = load<u32>(PAGE_ROWS + (openPage << 2));
  store<u32>(PAGE_ROWS + (openPage << 2), inPage + 1);
  rows++;
  const place = (openPage << pageShift) + inPage;
  store<u64>(addressOf(place), key);
  return place;
}

/** Takes over rows whose words stand in the page already. */
export function adoptRows(page: u32, count: u32, seq: f64): void {
  store<u32>(PAGE_ROWS + (page << 2), count);
  store<f64>(PAGE_SEQS + (page << 3), seq);
  rows += count;
}

export function firstPlaceOf(page: u32): u32 {
  return page << pageShift;
}

/** Raises the dirty mark of the place's page. */
export function markPage(place: u32, seq: f64): void {
  const mark = PAGE_SEQS + ((place >> pageShift) << 3);
  if (load<f64>(mark) < seq) store<f64>(mark, seq);
}
