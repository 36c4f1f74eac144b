// Which of a batch's keys belong to which stripe: a counting sort, so that each stripe's keep their order.
import { keyCount, type PackedKeys } from '@weir/proto';
import { STRIPE_COUNT } from '../kernel/layout.ts';
import { KernelInstance } from './kernel-instance.ts';

/** The splitter has no rows; any layout will do. */
const SMALLEST_LAYOUT = [1, 0, 6, 0, 4] as const;

export class Splitter {
  readonly #instance: KernelInstance;
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
}
