// One instance of the WebAssembly kernel (ps/kernel) with a memory of its own: one stripe of a table.
//
// What always holds: views reach to the end of the memory as it is. Growing makes a longer buffer, so `refresh` comes
// after every call that may grow, and before the next access.
//
// The memory is a shared one, though one thread uses it: V8 counts other memories as objects of its heap, and whenever
// one grew, a full garbage collection could follow, in which the shard stands still.

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
  roomForLogged(newRows: number): number;
  roomToLoad(rows: number): number;
  absent(rows: number): number;
  pull(rows: number): void;
  push(rows: number, seq: number): void;
  replay(rows: number, seq: number): number;
  remove(rows: number, seq: number, upToSeq: number): number;
  fullness(): number;
  expectPages(pages: number, rows: number): number;
  chunkStride(): number;
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
  trackUse(tracked: number): void;
  sweep(rowsMax: number, seenMax: number): number;
  handPlace(): number;
  locateRows(rows: number): void;
  insertKeys(rows: number): void;
  markInserted(rows: number): void;
  freeKeys(rows: number): void;
}

export class KernelInstance {
  readonly kernel: KernelExports;
  readonly memoryPagesMax: number;
  readonly memory: WebAssembly.Memory;
  words: Uint32Array = new Uint32Array();
  floats: Float32Array = new Float32Array();
  /** Rows that the scratch area holds, and where it begins, in words: keys, one word a key, values. */
  #scratchRows = 0;
  keysAt = 0;
  wordsAt = 0;
  valuesAt = 0;

  constructor(module: WebAssembly.Module, memoryPagesMax: number) {
    this.memoryPagesMax = memoryPagesMax;
    const initial = Math.min(MEMORY_PAGES_MIN, memoryPagesMax);
    this.memory = new WebAssembly.Memory({ initial, maximum: memoryPagesMax, shared: true });
    const instance = new WebAssembly.Instance(module, { env: { memory: this.memory } });
    this.kernel = instance.exports as KernelExports;
    this.refresh();
  }

  /** New views, if memory has grown. */
  refresh(): void {
    const { buffer } = this.memory;
    if (this.words.buffer === buffer) return;
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
