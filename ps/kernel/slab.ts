// The slab: rows by place, in pages, in chunks of 16 pages. The layout of a row and of a page is that of
// ps/src/kernel/layout.ts, which gives the numbers; a new row gets the lowest free place.
//
// What always holds: a row keeps its place and its address; a free place is zero, and only there is seq 0 (between
// calls); behind a chunk's rows a bit a place says which are taken, so that the search for one reads no rows, and
// another which were used since the hand of the clock passed (spill.ts).
import { allocate, CHUNKS, LINE, PAGE_ROWS, PAGE_SEQS, reserve } from './memory';

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
/** Bytes of a chunk's bits of one kind, in whole u64; and of both kinds. */
let takenBytes: u32 = 0;
let bitBytes: u32 = 0;
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
  takenBytes = max<u32>(8, (1 << chunkShift) >> 3);
  bitBytes = 2 * takenBytes;
}

export function slabBytes(): u64 {
  return <u64>chunks * (chunkBytes + bitBytes);
}

export function pageCount(): u32 {
  return pages;
}

/** Address of a place's row. */
export function addressOf(place: u32): u32 {
  return load<u32>(CHUNKS + ((place >> chunkShift) << 2)) + (place & ((1 << chunkShift) - 1)) * rowBytes;
}

/** Bytes from one chunk to the next, when nothing else was given out in between. */
export function chunkStride(): u32 {
  return (chunkBytes + bitBytes + LINE - 1) & ~(LINE - 1);
}

/** Address of a page's first row; 0 when memory ends before that page. */
export function reachPage(page: u32): u32 {
  while (chunks <= (page << pageShift) >> chunkShift) {
    if (!reserve(chunkBytes + bitBytes)) return 0;
    store<u32>(CHUNKS + (chunks << 2), allocate(chunkBytes + bitBytes));
    chunks++;
  }
  if (pages <= page) pages = page + 1;
  return addressOf(page << pageShift);
}

export function freePlaces(): u64 {
  return (<u64>chunks << chunkShift) - rows;
}

/** Bytes that so many new rows take. */
export function slabBytesFor(newRows: u32): u64 {
  const free = freePlaces();
  if (newRows <= free) return 0;
  return ((newRows - free + (1 << chunkShift) - 1) >> chunkShift) * (chunkBytes + bitBytes + LINE);
}

/** Makes a row of the key with seq 0; its weights and state are the caller's to fill. Returns its place. */
export function addRow(key: u64): u32 {
  while (load<u32>(PAGE_ROWS + (openPage << 2)) == 1 << pageShift) openPage++;
  if (reachPage(openPage) == 0) unreachable();
  const place = freePlaceFrom(openPage << pageShift);
  take(place);
  store<u64>(addressOf(place), key);
  return place;
}

/** Frees the place; the row's key is no longer in the index. */
export function freeRow(place: u32): void {
  memory.fill(addressOf(place), 0, rowBytes);
  const page = place >> pageShift;
  const word = takenWordOf(place);
  store<u64>(word, load<u64>(word) & ~(<u64>1 << (place & 63)));
  store<u32>(PAGE_ROWS + (page << 2), load<u32>(PAGE_ROWS + (page << 2)) - 1);
  if (page < openPage) openPage = page;
  rows--;
}

/** Makes the place a row's, whose words stand there or come next. */
export function take(place: u32): void {
  const word = takenWordOf(place);
  const bit = <u64>1 << (place & 63);
  store<u64>(word, load<u64>(word) | bit);
  store<u64>(word + takenBytes, load<u64>(word + takenBytes) & ~bit);
  const count = PAGE_ROWS + ((place >> pageShift) << 2);
  store<u32>(count, load<u32>(count) + 1);
  rows++;
}

export function isTaken(place: u32): bool {
  return ((load<u64>(takenWordOf(place)) >> (place & 63)) & 1) != 0;
}

/** Whether the place was marked; takes the mark away. */
export function unmarkUsed(place: u32): bool {
  const word = takenWordOf(place) + takenBytes;
  const marks = load<u64>(word);
  const bit = <u64>1 << (place & 63);
  store<u64>(word, marks & ~bit);
  return (marks & bit) != 0;
}

export function markUsed(place: u32): void {
  const word = takenWordOf(place) + takenBytes;
  store<u64>(word, load<u64>(word) | (<u64>1 << (place & 63)));
}

/** Places of all pages. */
export function placeCount(): u32 {
  return pages << pageShift;
}

/** How many of the page's places, from its first on, there are up to its last row. */
export function extentOf(page: u32): u32 {
  let extent: u32 = 1 << pageShift;
  if (load<u32>(PAGE_ROWS + (page << 2)) == extent) return extent;
  let row = addressOf(page << pageShift) + extent * rowBytes;
  while (extent > 0 && load<f64>((row -= rowBytes), SEQ_AT) == 0) extent--;
  return extent;
}

/** The lowest free place from this one on; there is one in its page. */
function freePlaceFrom(place: u32): u32 {
  let at = place;
  let free = ~load<u64>(takenWordOf(at)) >> (at & 63);
  while (free == 0) {
    at = (at | 63) + 1;
    free = ~load<u64>(takenWordOf(at));
  }
  return at + <u32>ctz(free);
}

/** Address of the u64 with the place's bit, which is bit `place & 63`: a chunk has fewer places, or a multiple of 64. */
function takenWordOf(place: u32): u32 {
  const chunk = load<u32>(CHUNKS + ((place >> chunkShift) << 2));
  return chunk + chunkBytes + (((place & ((1 << chunkShift) - 1)) >> 6) << 3);
}

export function pageOf(place: u32): u32 {
  return place >> pageShift;
}

export function firstPlaceOf(page: u32): u32 {
  return page << pageShift;
}

/** Raises the dirty mark of the place's page. */
export function markPage(place: u32, seq: f64): void {
  const mark = PAGE_SEQS + ((place >> pageShift) << 3);
  if (load<f64>(mark) < seq) store<f64>(mark, seq);
}
