// One stripe of a table, and how it takes its part of the batch that was split last, and gives it back. The copies are
// WebAssembly over three memories (ps/kernel/row-copies.wat): in JavaScript they cost a third as much as the kernel.
import { KernelInstance } from './kernel-instance.ts';
import type { Splitter } from './splitter.ts';

/** Compiled from ps/kernel. */
export interface KernelModules {
  readonly kernel: WebAssembly.Module;
  readonly copies: WebAssembly.Module;
}

/** See ps/kernel/row-copies.wat. */
interface CopyExports {
  takeKeys(order: number, count: number, keys: number, to: number): void;
  takeRows(order: number, count: number, rowBytes: number, to: number): void;
  giveRows(order: number, count: number, rowBytes: number, from: number): void;
}

export class StripeInstance extends KernelInstance {
  readonly #splitter: Splitter;
  readonly #copies: CopyExports;

  constructor({ kernel, copies }: KernelModules, splitter: Splitter, memoryPagesMax: number) {
    super(kernel, memoryPagesMax);
    this.#splitter = splitter;
    const env = { batch: splitter.batchMemory, rows: splitter.rowMemory, stripe: this.memory };
    this.#copies = new WebAssembly.Instance(copies, { env }).exports as CopyExports;
  }

  /** Keys `from` to `to` of the splitter's order, into the scratch area, which holds them. */
  takeKeys(from: number, to: number): void {
    const { orderAt, keysAt } = this.#splitter;
    this.#copies.takeKeys(orderAt + 4 * from, to - from, keysAt, 4 * this.keysAt);
  }

  /** Their rows of `dim` values, from the splitter's rows. */
  takeRows(from: number, to: number, dim: number): void {
    this.#copies.takeRows(this.#splitter.orderAt + 4 * from, to - from, 4 * dim, 4 * this.valuesAt);
  }

  /** Their rows of `dim` values, to the splitter's rows. */
  giveRows(from: number, to: number, dim: number): void {
    this.#copies.giveRows(this.#splitter.orderAt + 4 * from, to - from, 4 * dim, 4 * this.valuesAt);
  }
}
