// The batch at hand, and which of its keys belong to which stripe: a counting sort, so that each stripe's keys keep their
// order. Its keys, their order, and its rows of values stand in memories of WebAssembly, from which the stripes take
// their own without a step through JavaScript.
import { keyCount, type PackedKeys } from '@weir/proto';
import { STRIPE_COUNT } from '../kernel/layout.ts';
import { KernelInstance, MEMORY_PAGES_MAX } from './kernel-instance.ts';

/** The splitter has no rows; any layout will do. */
const SMALLEST_LAYOUT = [1, 0, 6, 0, 4] as const;
/** Of WebAssembly's memory. */
const PAGE_BYTES = 64 * 1024;

export class Splitter {
  readonly #instance: KernelInstance;
  readonly rowMemory = new WebAssembly.Memory({ initial: 1, maximum: MEMORY_PAGES_MAX, shared: true });
  /** Where each stripe's keys begin in `order`, and after the last where they end. */
  readonly starts = new Uint32Array(STRIPE_COUNT + 1);

  constructor(module: WebAssembly.Module, memoryPagesMax: number) {
    this.#instance = new KernelInstance(module, memoryPagesMax);
    this.#instance.kernel.open(...SMALLEST_LAYOUT, memoryPagesMax);
    this.#instance.refresh();
  }

  /** Numbers of the keys, stripe by stripe as `starts` says; a view that the next call overwrites. */
  split(keys: PackedKeys): Uint32Array {
    const rows = keyCount(keys);
    const instance = this.#instance;
    if (!instance.holds(rows)) throw new Error(`no memory to split ${rows} keys`);
    instance.words.set(keys, instance.keysAt);
    instance.kernel.split(rows);
    const { words, valuesAt, wordsAt } = instance;
    for (let s = 0; s < STRIPE_COUNT; s++) this.starts[s + 1] = this.starts[s]! + words[valuesAt + s]!;
    return words.subarray(wordsAt, wordsAt + rows);
  }

  /** The batch's rows: as many values as asked for, with anything in them; until the next call. */
  rows(values: number): Float32Array {
    const missing = 4 * values - this.rowMemory.buffer.byteLength;
    if (missing > 0) this.rowMemory.grow(Math.ceil(missing / PAGE_BYTES));
    return new Float32Array(this.rowMemory.buffer, 0, values);
  }

  /** Of the keys that were split, and their order. */
  get batchMemory(): WebAssembly.Memory {
    return this.#instance.memory;
  }

  /** Byte at which the keys begin there, and their order. */
  get keysAt(): number {
    return 4 * this.#instance.keysAt;
  }

  get orderAt(): number {
    return 4 * this.#instance.wordsAt;
  }
}
