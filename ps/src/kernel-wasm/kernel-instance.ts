// One instance of the WebAssembly kernel (ps/kernel) with a memory of its own: one stripe of a table.
//
// What always holds: views are those of the memory as it is. Growing detaches the buffer, so `refresh` comes after
// every call that may grow, and before the next access.

/** Memory of one instance, in pages of 64 KiB: all that 32-bit addresses reach. */
export const MEMORY_PAGES_MAX = 65_536;
/** To begin with: the fixed arrays, and room for some rows. Memory that was never written to is not real. */
const MEMORY_PAGES_MIN = 64;

/** Rows that a scratch area holds at least, once it is there; see ps/kernel/scratch.ts. */
export const SCRATCH_ROWS_MIN = 64;

/** See ps/kernel/row-kernel.ts. Addresses and counts may come as negative i32: `>>> 0` them. */
export interface KernelExports {
  open(
    dim: number,
    stateSlots: number,
    stride: number,
    pageShift: number,
    chunkShift: number,
    memoryPages: number,
  ): void;
  chooseOptimizer(
    kind: number,
    learningRate: number,
    first: number,
    second: number,
    third: number,
    initialState: number,
    gradientClip: number,
    updateNormMax: number,
  ): void;
  chooseInitializer(kind: number, seed: bigint, p: number, q: number, r: number): void;
  scratch(rows: number): number;
  scratchValues(): number;
  scratchWords(): number;
  rowCount(): number;
  usedBytes(): number;
  room(newRows: number): number;
  roomToLoad(rows: number): number;
  absent(rows: number): number;
  pull(rows: number): void;
  push(rows: number, seq: number): void;
  replay(rows: number, seq: number): number;
  remove(rows: number, seq: number): number;
  reachPage(page: number): number;
  enterPage(page: number, rows: number, seq: number, stripe: number): number;
  pageCount(): number;
  pageSeq(page: number): number;
  extentOf(page: number): number;
  nextPage(page: number, sinceSeq: number): number;
  scan(page: number, row: number, sinceSeq: number, rowsMax: number, seenMax: number): number;
  scanStale(page: number, row: number, upToSeq: number, rowsMax: number, seenMax: number): number;
  stoppedPage(): number;
  stoppedRow(): number;
  seenRows(): number;
  split(keys: number): void;
}

export class KernelInstance {
  readonly kernel: KernelExports;
  readonly memoryPagesMax: number;
  readonly #memory: WebAssembly.Memory;
  words = new Uint32Array();
  floats = new Float32Array();
  /** Rows that the scratch area holds, and where it begins, in words: keys, one word a key, values. */
  #scratchRows = 0;
  keysAt = 0;
  wordsAt = 0;
  valuesAt = 0;

  /**
   * @param phase 0 to below 1: when, between two doublings of its memory, this instance's turn comes. Stripes of a table
   * fill alike; were their phases alike, one push would wait for all of them to grow.
   */
  constructor(module: WebAssembly.Module, memoryPagesMax: number, phase = 0) {
    this.memoryPagesMax = memoryPagesMax;
    const initial = Math.min(Math.round(MEMORY_PAGES_MIN * 2 ** phase), memoryPagesMax);
    this.#memory = new WebAssembly.Memory({ initial, maximum: memoryPagesMax });
    const instance = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.kernel = instance.exports as KernelExports;
    this.refresh();
  }

  /** New views, if memory has grown. */
  refresh(): void {
    if (this.words.length > 0) return;
    const { buffer } = this.#memory;
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
  }

  /** Makes the scratch area hold so many rows; false when memory is used up. */
  holds(rows: number): boolean {
    if (rows <= this.#scratchRows) return true;
    const keysAt = this.kernel.scratch(rows) >>> 0;
    this.refresh();
    if (keysAt === 0) return false;
    this.#scratchRows = rows;
    this.keysAt = keysAt / 4;
    this.wordsAt = (this.kernel.scratchWords() >>> 0) / 4;
    this.valuesAt = (this.kernel.scratchValues() >>> 0) / 4;
    return true;
  }
}
