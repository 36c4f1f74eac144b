// How often keys were pushed that have no row yet, in bounded memory: a count-min sketch (Cormode and Muthukrishnan
// 2005) with conservative update (Estan and Varghese 2002): four rows of cells, a key has one in each, and the lowest
// of the four is its estimate, never below the true count but for aging.
//
// Aging: counts of long ago must make room, or every key would seem known in the end. A key's cells lie in one block, a
// chunk of each row, and after every AGING_STEP counts the next block is halved: no call takes long, and a key's cells
// age together. So the sketch remembers about the last half million counts.
//
// What always holds: the state is a function of the keys counted and their order, nothing else.
import { fmix64, mixed, type PackedKeys } from '@weir/proto';

/** Cells of a row; a power of 2. */
const CELLS = 2 ** 20;
const ROWS = 4;
export const SKETCH_CHUNK_BYTES = 2 ** 16;
export const SKETCH_CHUNKS = (ROWS * CELLS) / SKETCH_CHUNK_BYTES;
const BLOCKS = SKETCH_CHUNKS / ROWS;
const BLOCK_BITS = Math.log2(BLOCKS);
/** A cell is one byte. */
export const SKETCH_COUNT_MAX = 255;
/** Every cell is halved once in CELLS / 2 counts: rows are at most about half full, which keeps wrong estimates rare. */
const AGING_STEP = CELLS / 2 / BLOCKS;

/** Where aging stands. */
export interface SketchAge {
  /** Counts since the last step. */
  readonly counted: number;
  /** Block whose turn is next. */
  readonly block: number;
}

export class CountSketch {
  readonly #seedLow: number;
  readonly #seedHigh: number;
  /** A chunk that was never written to is all zeros, and undefined. */
  readonly #chunks: (Uint8Array | undefined)[] = new Array(SKETCH_CHUNKS).fill(undefined);
  /** 1: a snapshot looks at the chunk, so it is copied before it changes. */
  readonly #shared = new Uint8Array(SKETCH_CHUNKS);
  /** Of the key looked at: its block, and its cell in each row's chunk. */
  #block = 0;
  readonly #cells = new Uint32Array(ROWS);
  #counted = 0;
  #agingBlock = 0;

  /** @param seed of the table, below 2^53: tables must not share their collisions. */
  constructor(seed: number) {
    this.#seedLow = seed >>> 0;
    this.#seedHigh = Math.floor(seed / 2 ** 32);
  }

  get age(): SketchAge {
    return { counted: this.#counted, block: this.#agingBlock };
  }

  /** How often the key was counted; may be too high. */
  estimate(low: number, high: number): number {
    this.#locate(low, high);
    return this.#lowest();
  }

  /** Counts every key once more, in order. */
  count(keys: PackedKeys): void {
    for (let i = 0; i < keys.length; i += 2) {
      this.#locate(keys[i]!, keys[i + 1]!);
      const lowest = this.#lowest();
      if (lowest < SKETCH_COUNT_MAX) this.#raise(lowest);
      if (++this.#counted === AGING_STEP) this.#ageNext();
    }
  }

  /** The chunks as they are now; what is counted later leaves them alone. Undefined ones are all zeros. */
  snapshot(): readonly (Uint8Array | undefined)[] {
    this.#shared.fill(1);
    return this.#chunks.slice();
  }

  /** Takes a chunk of a snapshot back. @param cells SKETCH_CHUNK_BYTES bytes, not copied. */
  restoreChunk(chunk: number, cells: Uint8Array): void {
    this.#chunks[chunk] = cells;
    this.#shared[chunk] = 0;
  }

  restoreAge({ counted, block }: SketchAge): void {
    this.#counted = counted;
    this.#agingBlock = block;
  }

  /** Its cell of row i is h1 + i * h2 (Kirsch and Mitzenmacher 2006). */
  #locate(low: number, high: number): void {
    fmix64((low ^ this.#seedLow) >>> 0, (high ^ this.#seedHigh) >>> 0);
    const step = mixed[1]! | 1;
    this.#block = mixed[1]! >>> (32 - BLOCK_BITS);
    let cell = mixed[0]!;
    for (let row = 0; row < ROWS; row++) {
      this.#cells[row] = cell & (SKETCH_CHUNK_BYTES - 1);
      cell = (cell + step) | 0;
    }
  }

  #lowest(): number {
    let lowest = SKETCH_COUNT_MAX;
    for (let row = 0; row < ROWS; row++) {
      const chunk = this.#chunks[row * BLOCKS + this.#block];
      if (chunk === undefined) return 0;
      const count = chunk[this.#cells[row]!]!;
      if (count < lowest) lowest = count;
    }
    return lowest;
  }

  /** Only the lowest cells rise: higher ones already count other keys. */
  #raise(lowest: number): void {
    for (let row = 0; row < ROWS; row++) {
      const chunk = this.#own(row * BLOCKS + this.#block);
      const at = this.#cells[row]!;
      if (chunk[at] === lowest) chunk[at] = lowest + 1;
    }
  }

  #ageNext(): void {
    const block = this.#agingBlock;
    this.#counted = 0;
    this.#agingBlock = (block + 1) % BLOCKS;
    for (let number = block; number < SKETCH_CHUNKS; number += BLOCKS) {
      if (this.#chunks[number] === undefined) continue;
      const { buffer, byteOffset } = this.#own(number);
      // Four cells at a time.
      const words = new Uint32Array(buffer, byteOffset, SKETCH_CHUNK_BYTES / 4);
      for (let i = 0; i < words.length; i++) words[i] = (words[i]! >>> 1) & 0x7f7f7f7f;
    }
  }

  /** The chunk for writing. */
  #own(number: number): Uint8Array {
    const chunk = this.#chunks[number];
    if (chunk !== undefined && this.#shared[number] === 0) return chunk;
    const own = chunk === undefined ? new Uint8Array(SKETCH_CHUNK_BYTES) : new Uint8Array(chunk);
    this.#chunks[number] = own;
    this.#shared[number] = 0;
    return own;
  }
}
