// One stripe of a table: its slab, and the index from key to place.
import { fmix64, keyCount, mixed, type PackedKeys } from '@weir/proto';
import { STRIPE_COUNT } from './layout.ts';
import { Slab } from './slab.ts';

/** No such key. */
export const ABSENT = -1;
const FIRST_INDEX_ENTRIES = 64;

export class Stripe extends Slab {
  /**
   * Open addressing with linear probing, filled to 2/3 at most. An entry is two words: the key's hash, so that
   * probing and growing leave the slab alone, and place + 1, or 0 where empty.
   */
  #index = new Uint32Array(2 * FIRST_INDEX_ENTRIES);
  #mask = FIRST_INDEX_ENTRIES - 1;

  get bytes(): number {
    return this.slabBytes + this.#index.byteLength;
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

  /** Frees the row's place. */
  remove(place: number, hash: number): void {
    this.leave(place, hash);
    this.free(place);
  }

  /** Makes a row for a key that is absent, with key and seq 0 but neither weights nor state yet; returns its place. */
  add(low: number, high: number, hash: number): number {
    const { stride, chunkShift } = this.layout;
    const place = this.takeLowest();
    const chunk = this.words[place >>> chunkShift]!;
    const at = (place & ((1 << chunkShift) - 1)) * stride;
    chunk[at] = low;
    chunk[at + 1] = high;
    this.enter(place, hash);
    return place;
  }

  /** Puts a taken place into the index. */
  enter(place: number, hash: number): void {
    if (this.rows * 3 > (this.#mask + 1) * 2) this.#grow();
    insert(this.#index, this.#mask, hash, place + 1);
  }

  /** Takes it out again: entries behind it move forward if they may (Knuth's algorithm R, TAOCP 3, 6.4). */
  leave(place: number, hash: number): void {
    const index = this.#index;
    const mask = this.#mask;
    let hole = hash & mask;
    while (index[2 * hole + 1] !== place + 1) hole = (hole + 1) & mask;
    for (let entry = (hole + 1) & mask; index[2 * entry + 1] !== 0; entry = (entry + 1) & mask) {
      const home = index[2 * entry]! & mask;
      if (((entry - home) & mask) < ((entry - hole) & mask)) continue;
      index[2 * hole] = index[2 * entry]!;
      index[2 * hole + 1] = index[2 * entry + 1]!;
      hole = entry;
    }
    index[2 * hole] = 0;
    index[2 * hole + 1] = 0;
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

/** The stripe of the key whose fmix64 stands in `mixed`: its slot is the top 10 bits. */
export function stripeOfMixed(): number {
  return (mixed[1]! >>> 22) & (STRIPE_COUNT - 1);
}

/** Calls `visit` for each key with its stripe, its place there or ABSENT, and its hash. */
export function forEachKey(
  stripes: readonly Stripe[],
  keys: PackedKeys,
  visit: (i: number, stripe: Stripe, place: number, hash: number) => void,
): void {
  for (let i = 0; i < keyCount(keys); i++) {
    const low = keys[2 * i]!;
    const high = keys[2 * i + 1]!;
    fmix64(low, high);
    const hash = mixed[0]!;
    const stripe = stripes[stripeOfMixed()]!;
    visit(i, stripe, stripe.find(low, high, hash), hash);
  }
}
