// Memory for the records of one log write, used again for the next one: a record of a push is as large as the push, and
// fresh memory of that size for each would keep the garbage collector busy.
import { ARENA_BYTES_MAX } from './limits.ts';

const FIRST_BYTES = 256 * 1024;
const ALIGNMENT = 8;

export class RecordArena {
  #memory = new Uint8Array(FIRST_BYTES);
  #used = 0;

  /** Aligned memory with anything in it; the caller's until `clear`. */
  take(bytes: number): Uint8Array {
    const at = this.#used;
    if (at + bytes > this.#memory.length) {
      const grown = new Uint8Array(Math.max(bytes, 2 * this.#memory.length));
      if (grown.length > ARENA_BYTES_MAX) return new Uint8Array(bytes);
      // What was taken before keeps the memory that it is in.
      this.#memory = grown;
      this.#used = 0;
      return this.take(bytes);
    }
    this.#used = at + bytes + (-bytes & (ALIGNMENT - 1));
    return this.#memory.subarray(at, at + bytes);
  }

  /** Nobody looks at what was taken any more. */
  clear(): void {
    this.#used = 0;
  }
}
