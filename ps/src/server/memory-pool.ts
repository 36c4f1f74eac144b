// Memory for answers and log records, used again once they are sent or applied. Fresh memory of their size for each would
// keep the garbage collector busy. Who does not give memory back loses nothing but that.
import { POOLED_BYTES_MAX, POOLED_BYTES_MIN } from '../limits.ts';

export class MemoryPool {
  /** By size, which is a power of 2. */
  readonly #free = new Map<number, ArrayBuffer[]>();
  #keptBytes = 0;

  /** At least so many bytes, with anything in them. */
  take(bytes: number): ArrayBuffer {
    const size = Math.max(POOLED_BYTES_MIN, 2 ** Math.ceil(Math.log2(bytes)));
    const found = this.#free.get(size)?.pop();
    if (found === undefined) return new ArrayBuffer(size);
    this.#keptBytes -= size;
    return found;
  }

  /** @param memory as taken; nobody looks at it any more. */
  give(memory: ArrayBuffer): void {
    const size = memory.byteLength;
    if (this.#keptBytes + size > POOLED_BYTES_MAX) return;
    this.#keptBytes += size;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [memory]);
    else free.push(memory);
  }
}
