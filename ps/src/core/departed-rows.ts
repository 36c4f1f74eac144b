// Which rows of a table left memory lately, and with which seq: a scan of the rows in memory does not find them, and
// whoever follows the table's changes must. Bounded: what is forgotten raises `floor`.
//
// What always holds: every row that left memory with a seq above `floor` is here.
import type { PackedKeys } from '@weir/proto';

export class DepartedRows {
  readonly #keys: Uint32Array;
  readonly #seqs: Float64Array;
  /** Rows added so far; the newest ones are kept, each at its number modulo the capacity. */
  #added = 0;
  #floor: number;

  /** @param floor seq of the newest row that may have left memory before. */
  constructor(capacity: number, floor: number) {
    this.#keys = new Uint32Array(2 * capacity);
    this.#seqs = new Float64Array(capacity);
    this.#floor = floor;
  }

  get floor(): number {
    return this.#floor;
  }

  add(low: number, high: number, seq: number): void {
    if (seq <= this.#floor) return;
    const capacity = this.#seqs.length;
    const at = this.#added % capacity;
    if (this.#added >= capacity) this.#floor = Math.max(this.#floor, this.#seqs[at]!);
    this.#keys[2 * at] = low;
    this.#keys[2 * at + 1] = high;
    this.#seqs[at] = seq;
    this.#added++;
  }

  /** Keys of the rows that left with a seq above this one, which is not below `floor`; a key may come twice. */
  since(seq: number): PackedKeys {
    const keys: number[] = [];
    for (let at = 0; at < Math.min(this.#added, this.#seqs.length); at++) {
      if (this.#seqs[at]! > seq) keys.push(this.#keys[2 * at]!, this.#keys[2 * at + 1]!);
    }
    return Uint32Array.from(keys);
  }
}
