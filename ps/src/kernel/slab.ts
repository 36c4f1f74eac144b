// The slab of one stripe: rows by place, in chunks of memory. A place is a row's number in the slab.
//
// What always holds: a row keeps its place; chunks are never moved or freed; a free place is zero, and only there is
// seq 0 (between calls); `pageSeqs` of a page is the highest seq among its rows and of what was removed from it.
// A new row gets the lowest free place: unless rows were removed, they stand, after pages were loaded and the log
// replayed, where they stood.
import { PLACES_MAX, type RowLayout, SEQ_AT } from './layout.ts';

export class Slab {
  readonly layout: RowLayout;
  /** Each chunk's memory, seen in three ways. */
  readonly floats: Float32Array[] = [];
  readonly words: Uint32Array[] = [];
  readonly seqs: Float64Array[] = [];
  /** Rows in each page. */
  readonly pageRows: number[] = [];
  /** The dirty mark of each page. */
  readonly pageSeqs: number[] = [];
  rows = 0;
  /** A bit a place: whether it is a row's. */
  #taken = new Uint32Array();
  /** A bit a place: whether it was used since the hand of the clock passed. */
  #used = new Uint32Array();
  /** The hand: the next place to look at. */
  #hand = 0;
  /** Lowest page that may have a free place. */
  #openPage = 0;

  constructor(layout: RowLayout) {
    this.layout = layout;
  }

  get slabBytes(): number {
    return this.words.reduce((sum, chunk) => sum + chunk.byteLength, 2 * this.#taken.byteLength);
  }

  /** Makes the lowest free place a row's. */
  takeLowest(): number {
    const { pageShift } = this.layout;
    while (this.pageRows[this.#openPage] === 1 << pageShift) this.#openPage++;
    this.#reachPage(this.#openPage);
    let place = this.#openPage << pageShift;
    while (this.#isTaken(place)) place++;
    this.take(place);
    return place;
  }

  /** Makes the place a row's; its words and its index entry are the caller's. */
  take(place: number): void {
    this.#taken[place >>> 5]! |= 1 << (place & 31);
    this.#used[place >>> 5]! &= ~(1 << (place & 31));
    this.pageRows[place >>> this.layout.pageShift]!++;
    this.rows++;
  }

  /** The opposite of `take`. */
  free(place: number): void {
    const { stride, pageShift, chunkShift } = this.layout;
    const at = (place & ((1 << chunkShift) - 1)) * stride;
    this.words[place >>> chunkShift]!.fill(0, at, at + stride);
    this.#taken[place >>> 5]! &= ~(1 << (place & 31));
    const page = place >>> pageShift;
    this.pageRows[page]!--;
    if (page < this.#openPage) this.#openPage = page;
    this.rows--;
  }

  /** Raises the dirty mark of the place's page. */
  markPage(place: number, seq: number): void {
    const page = place >>> this.layout.pageShift;
    if (this.pageSeqs[page]! < seq) this.pageSeqs[page] = seq;
  }

  /** How many of the page's places, from its first on, there are up to its last row. */
  extentOf(page: number): number {
    const { pageShift } = this.layout;
    const first = page << pageShift;
    let extent = 1 << pageShift;
    while (extent > 0 && !this.#isTaken(first + extent - 1)) extent--;
    return extent;
  }

  /** The memory of a page's places, for a copy out or in. */
  pageWords(page: number): Uint32Array {
    this.#reachPage(page);
    const { stride, pageShift, chunkShift } = this.layout;
    const place = page << pageShift;
    const at = (place & ((1 << chunkShift) - 1)) * stride;
    return this.words[place >>> chunkShift]!.subarray(at, at + (stride << pageShift));
  }

  markUsed(place: number): void {
    this.#used[place >>> 5]! |= 1 << (place & 31);
  }

  /**
   * Moves the hand on: rows that were used since it passed lose their mark, the keys of the others go to `keys`. At most
   * `wanted` of those, and `seenMax` places; not beyond the last place, behind which it begins anew.
   */
  sweep(keys: number[], wanted: number, seenMax: number): void {
    const { stride, pageShift, chunkShift } = this.layout;
    const end = this.pageRows.length << pageShift;
    let count = 0;
    for (let seen = 0; this.#hand < end && count < wanted && seen < seenMax; seen++) {
      const place = this.#hand++;
      if (!this.#isTaken(place)) continue;
      const bit = 1 << (place & 31);
      if ((this.#used[place >>> 5]! & bit) !== 0) {
        this.#used[place >>> 5]! &= ~bit;
        continue;
      }
      const chunk = this.words[place >>> chunkShift]!;
      const at = (place & ((1 << chunkShift) - 1)) * stride;
      keys.push(chunk[at]!, chunk[at + 1]!);
      count++;
    }
    if (this.#hand >= end) this.#hand = 0;
  }

  /** The words of a place. */
  rowWords(place: number): Uint32Array {
    const { stride, chunkShift } = this.layout;
    const at = (place & ((1 << chunkShift) - 1)) * stride;
    return this.words[place >>> chunkShift]!.subarray(at, at + stride);
  }

  seqAt(place: number): number {
    const { stride, chunkShift } = this.layout;
    const at = (place & ((1 << chunkShift) - 1)) * (stride / 2);
    return this.seqs[place >>> chunkShift]![at + SEQ_AT]!;
  }

  /** Makes counters and memory exist up to this page. */
  #reachPage(page: number): void {
    const { stride, pageShift, chunkShift } = this.layout;
    if (page >= PLACES_MAX >>> pageShift) throw new Error(`a stripe cannot hold page ${page}`);
    while (this.pageRows.length <= page) {
      this.pageRows.push(0);
      this.pageSeqs.push(0);
    }
    while (this.words.length <= (page << pageShift) >>> chunkShift) {
      const memory = new ArrayBuffer((stride << chunkShift) * 4);
      this.floats.push(new Float32Array(memory));
      this.words.push(new Uint32Array(memory));
      this.seqs.push(new Float64Array(memory));
    }
    const places = this.words.length << chunkShift;
    if (this.#taken.length * 32 < places) {
      const taken = new Uint32Array(2 ** Math.ceil(Math.log2(places / 32 + 1)));
      taken.set(this.#taken);
      this.#taken = taken;
      const used = new Uint32Array(taken.length);
      used.set(this.#used);
      this.#used = used;
    }
  }

  #isTaken(place: number): boolean {
    return (this.#taken[place >>> 5]! & (1 << (place & 31))) !== 0;
  }
}
