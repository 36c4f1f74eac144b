// An open-addressing index from packed keys to dense numbers 0, 1, 2, ... in order of first insertion.
// Linear probing at a load of at most 1/2; keys are never removed; nothing is allocated per key.
import { fmix64, mixed } from './slots.ts';

const ABSENT = -1;

export class KeyIndex {
  #mask: number;
  /** Dense number + 1, 0 where empty. */
  #places: Uint32Array;
  #keys: Uint32Array;
  #size = 0;

  /** @param capacity keys expected; the index grows by itself beyond it. */
  constructor(capacity = 16) {
    let places = 32;
    while (places < capacity * 2) places *= 2;
    this.#mask = places - 1;
    this.#places = new Uint32Array(places);
    this.#keys = new Uint32Array(places);
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#places.byteLength + this.#keys.byteLength;
  }

  /** The keys in order of their numbers; a view that is valid until the next insertion. */
  get keys(): Uint32Array {
    return this.#keys.subarray(0, this.#size * 2);
  }

  /** The key's number, or -1. */
  find(low: number, high: number): number {
    fmix64(low, high);
    let place = mixed[0]! & this.#mask;
    for (;;) {
      const number = this.#places[place]!;
      if (number === 0) return ABSENT;
      if (this.#keys[2 * number - 2] === low && this.#keys[2 * number - 1] === high) return number - 1;
      place = (place + 1) & this.#mask;
    }
  }

  /** The key's number; a new key gets the next one (`size` before the call). */
  insert(low: number, high: number): number {
    fmix64(low, high);
    let place = mixed[0]! & this.#mask;
    for (;;) {
      const number = this.#places[place]!;
      if (number === 0) break;
      if (this.#keys[2 * number - 2] === low && this.#keys[2 * number - 1] === high) return number - 1;
      place = (place + 1) & this.#mask;
    }
    const number = this.#size++;
    this.#keys[2 * number] = low;
    this.#keys[2 * number + 1] = high;
    this.#places[place] = number + 1;
    if (this.#size * 2 > this.#mask) this.#grow();
    return number;
  }

  /** Forgets all keys, keeps the memory. */
  clear(): void {
    this.#places.fill(0);
    this.#size = 0;
  }

  #grow(): void {
    const places = (this.#mask + 1) * 2;
    this.#mask = places - 1;
    const keys = new Uint32Array(places);
    keys.set(this.keys);
    this.#keys = keys;
    this.#places = new Uint32Array(places);
    for (let number = 0; number < this.#size; number++) {
      fmix64(keys[2 * number]!, keys[2 * number + 1]!);
      let place = mixed[0]! & this.#mask;
      while (this.#places[place] !== 0) place = (place + 1) & this.#mask;
      this.#places[place] = number + 1;
    }
  }
}
