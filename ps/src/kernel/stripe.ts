// One stripe of a table: the slab, in chunks, and the index from key to place. A place is a row's number in the slab.
//
// What always holds: a row keeps its place; chunks are never moved or freed; a page's rows are its first ones;
// `pageSeqs` of a page is the highest seq among its rows. Places are given out in ascending order, holes first: after
// pages were loaded and the log replayed, rows stand where they stood.
import { PLACES_MAX, type RowLayout, SEQ_AT } from './layout.ts';

/** No such key. */
export const ABSENT = -1;
const FIRST_INDEX_ENTRIES = 64;

export class Stripe {
  readonly layout: RowLayout;
  /** Each chunk's memory, seen in three ways. */
  readonly floats: Float32Array[] = [];
  readonly words: Uint32Array[] = [];
  readonly seqs: Float64Array[] = [];
  /** Rows in each page. */
  readonly pageRows: number[] = [];
  /** Highest seq in each page: the dirty mark. */
  readonly pageSeqs: number[] = [];
  rows = 0;
  /** Lowest page that may have a free place. */
  #openPage = 0;
  /**
   * Open addressing with linear probing, filled to 2/3 at most. An entry is two words: the key's hash, so that
   * probing and growing leave the slab alone, and place + 1, or 0 where empty.
   */
  #index = new Uint32Array(2 * FIRST_INDEX_ENTRIES);
  #mask = FIRST_INDEX_ENTRIES - 1;

  constructor(layout: RowLayout) {
    this.layout = layout;
  }

  get bytes(): number {
    return this.words.reduce((sum, chunk) => sum + chunk.byteLength, this.#index.byteLength);
  }

  /** Place of the key, or ABSENT. `hash`: low word of its fmix64. */
  find(low: number, high: number, hash: number): number {
    const index = this.#index;
    const mask = this.#mask;
    const { stride, chunkShift } = this.layout;
    for (let entry = hash & mask; ; entry = (entry + 1) & mask) {
      const next = index[2 * entry + 1]!;
      if (next === 0) return ABSENT;
      if (index[2 * entry] === hash) {
        const place = next - 1;
        const chunk = this.words[place >>> chunkShift]!;
        const at = (place & ((1 << chunkShift) - 1)) * stride;
        if (chunk[at] === low && chunk[at + 1] === high) return place;
      }
    }
  }

  /** Makes a row for a key that is absent, with key and seq 0 but neither weights nor state yet; returns its place. */
  add(low: number, high: number, hash: number): number {
    const { stride, pageShift, chunkShift } = this.layout;
    while (this.pageRows[this.#openPage] === 1 << pageShift) this.#openPage++;
    const page = this.#openPage;
    this.#reachPage(page);
    const place = (page << pageShift) + this.pageRows[page]!;
    this.pageRows[page]!++;
    const chunk = this.words[place >>> chunkShift]!;
    const at = (place & ((1 << chunkShift) - 1)) * stride;
    chunk[at] = low;
    chunk[at + 1] = high;
    this.#enter(place, hash);
    return place;
  }

  /** The memory of a page's places, for a copy out or in. */
  pageWords(page: number): Uint32Array {
    this.#reachPage(page);
    const { stride, pageShift, chunkShift } = this.layout;
    const place = page << pageShift;
    const at = (place & ((1 << chunkShift) - 1)) * stride;
    return this.words[place >>> chunkShift]!.subarray(at, at + (stride << pageShift));
  }

  /** Enters a row whose words stand at `place` already; its page's count and seq are the caller's to set. */
  enterLoaded(place: number, hash: number): void {
    this.#enter(place, hash);
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
  }

  #enter(place: number, hash: number): void {
    this.rows++;
    if (this.rows * 3 > (this.#mask + 1) * 2) this.#grow();
    insert(this.#index, this.#mask, hash, place + 1);
  }

  #grow(): void {
    const entries = 2 * (this.#mask + 1);
    const grown = new Uint32Array(2 * entries);
    for (let at = 0; at < this.#index.length; at += 2) {
      const next = this.#index[at + 1]!;
      if (next !== 0) insert(grown, entries - 1, this.#index[at]!, next);
    }
    this.#index = grown;
    this.#mask = entries - 1;
  }
}

function insert(index: Uint32Array, mask: number, hash: number, next: number): void {
  let entry = hash & mask;
  while (index[2 * entry + 1] !== 0) entry = (entry + 1) & mask;
  index[2 * entry] = hash;
  index[2 * entry + 1] = next;
}
