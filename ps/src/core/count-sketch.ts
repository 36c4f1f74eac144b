// How often keys were pushed that have no row yet, in bounded memory: a count-min sketch (Cormode and Muthukrishnan
// 2005) with conservative update (Estan and Varghese 2002): four rows of cells, a key has one in each, and the lowest
// of the four is its estimate, never below the true count but for aging.
//
// Aging: counts of long ago must make room, or every key would seem known in the end. After every AGING_STEP counts the
// next chunk of cells is halved, in turn, so that no single call takes long. So the sketch remembers about the last half
// million counts.
//
// What always holds: the state is a function of the keys counted and their order, nothing else.
import { fmix64, mixed, type PackedKeys } from '@weir/proto';

/** Cells of a row; a power of 2. */
const CELLS = 2 ** 20;
const ROWS = 4;
const CHUNK_SHIFT = 16;
export const SKETCH_CHUNK_BYTES = 2 ** CHUNK_SHIFT;
export const SKETCH_CHUNKS = (ROWS * CELLS) / SKETCH_CHUNK_BYTES;
const CHUNKS_OF_ROW = SKETCH_CHUNKS / ROWS;
/** A cell is one byte. */
export const SKETCH_COUNT_MAX = 255;
/** Every cell is halved once in CELLS / 2 counts: rows are at most about half full, which keeps wrong estimates rare. */
const AGING_STEP = CELLS / 2 / SKETCH_CHUNKS;

/** Where aging stands. */
export interface SketchAge {
  /** Counts since the last step. */
  readonly counted: number;
  /** Chunk whose turn is next. */
  readonly chunk: number;
}

export class CountSketch {
  readonly #seedLow: number;
  readonly #seedHigh: number;
  /** A chunk that was never written to is all zeros, and undefined. */
  readonly #chunks: (Uint8Array | undefined)[] = new Array(SKETCH_CHUNKS).fill(undefined);
  /** 1: a snapshot looks at the chunk, so it is copied before it changes. */
  readonly #shared = new Uint8Array(SKETCH_CHUNKS);
  readonly #cells = new Uint32Array(ROWS);
  #counted = 0;
  #agingChunk = 0;

  /** @param seed of the table, below 2^53: tables must not share their collisions. */
  constructor(seed: number) {
    this.#seedLow = seed >>> 0;
    this.#seedHigh = Math.floor(seed / 2 ** 32);
  }

  get age(): SketchAge {
    return { counted: this.#counted, chunk: this.#agingChunk };
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

  restoreAge({ counted, chunk }: SketchAge): void {
    this.#counted = counted;
    this.#agingChunk = chunk;
  }

  /** Cell i of the key is h1 + i * h2 (Kirsch and Mitzenmacher 2006). */
  #locate(low: number, high: number): void {
    fmix64((low ^ this.#seedLow) >>> 0, (high ^ this.#seedHigh) >>> 0);
    const step = mixed[1]! | 1;
    let cell = mixed[0]!;
    for (let row = 0; row < ROWS; row++) {
      this.#cells[row] = cell & (CELLS - 1);
      cell = (cell + step) | 0;
    }
  }

  #lowest(): number {
    let lowest = SKETCH_COUNT_MAX;
    for (let row = 0; row < ROWS; row++) {
      const cell = this.#cells[row]!;
      const chunk = this.#chunks[row * CHUNKS_OF_ROW + (cell >>> CHUNK_SHIFT)];
      if (chunk === undefined) return 0;
      const count = chunk[cell & (SKETCH_CHUNK_BYTES - 1)]!;
      if (count < lowest) lowest = count;
    }
    return lowest;
  }

  /** Only the lowest cells rise: higher ones already count other keys. */
  #raise(lowest: number): void {
    for (let row = 0; row < ROWS; row++) {
      const cell = this.#cells[row]!;
      const chunk = this.#own(row * CHUNKS_OF_ROW + (cell >>> CHUNK_SHIFT));
      const at = cell & (SKETCH_CHUNK_BYTES - 1);
      if (chunk[at] === lowest) chunk[at] = lowest + 1;
    }
  }

  #ageNext(): void {
    const number = this.#agingChunk;
    this.#counted = 0;
    this.#agingChunk = (number + 1) % SKETCH_CHUNKS;
    if (this.#chunks[number] === undefined) return;
    const { buffer, byteOffset } = this.#own(number);
    // Four cells at a time.
    const words = new Uint32Array(buffer, byteOffset, SKETCH_CHUNK_BYTES / 4);
    for (let i = 0; i < words.length; i++) words[i] = (words[i]! >>> 1) & 0x7f7f7f7f;
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
