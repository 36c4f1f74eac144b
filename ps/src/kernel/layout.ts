// Where a row's words stand. These numbers are part of the page format: changing one needs a new format version.
//
// A row is `stride` 32-bit words: key low, key high, seq (one f64), dim weights, optimizer state, and a word to fill
// up where that is odd. All of a row lies together, so that finding, reading and updating it touches one place in
// memory, and a page is a plain copy.

/** Stripes of a table. A power of 2 that divides the slot count; a stripe holds whole slots. */
export const STRIPE_COUNT = 8;
/** Word of the seq, as an index in f64 numbers. */
export const SEQ_AT = 1;
/** Word of the first weight. */
export const WEIGHTS_AT = 4;
/** A page has at most this many bytes of rows, and more than half of it unless one row exceeds that. */
const PAGE_BYTES_MAX = 64 * 1024;
/** Memory is taken in chunks of so many pages, about 1 MiB: few enough objects for the garbage collector to follow. */
const CHUNK_PAGES = 16;

/** A found row as one word: place x STRIPE_COUNT + stripe. So a stripe has at most so many places. */
export const PLACES_MAX = 2 ** 32 / STRIPE_COUNT - 1;
/** Rows that one call of `changes` looks at, so that a scan leaves the event loop in between. */
export const SCAN_ROWS_MAX = 16_384;

export interface RowLayout {
  readonly dim: number;
  /** Words of a row; even, so that seq is aligned. */
  readonly stride: number;
  /** log2 of the rows of a page and of a chunk. */
  readonly pageShift: number;
  readonly chunkShift: number;
}

/** @param stateSlots f32 numbers of optimizer state a row. */
export function layoutOf(dim: number, stateSlots: number): RowLayout {
  const words = WEIGHTS_AT + dim + stateSlots;
  const stride = words + (words & 1);
  const pageShift = Math.max(0, Math.floor(Math.log2(PAGE_BYTES_MAX / (4 * stride))));
  return { dim, stride, pageShift, chunkShift: pageShift + Math.log2(CHUNK_PAGES) };
}
