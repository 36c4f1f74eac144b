// Memory of push frames, used again once their push is settled. Fresh memory for each push would start a full garbage
// collection after every few dozen of them. What is not given back is only lost to the pool, never leaked.
import { FRAME_MEMORY_KEPT_BYTES_MAX, FRAME_MEMORY_SMALLEST_BYTES } from './limits.ts';

export class FrameMemory {
  readonly #free = new Map<number, ArrayBuffer[]>();
  #keptBytes = 0;

  /** At least so many bytes, with anything in them. */
  readonly take = (bytes: number): ArrayBuffer => {
    if (bytes < FRAME_MEMORY_SMALLEST_BYTES) return new ArrayBuffer(bytes);
    const size = sizeFor(bytes);
    const found = this.#free.get(size)?.pop();
    if (found === undefined) return new ArrayBuffer(size);
    this.#keptBytes -= size;
    return found;
  };

  /** @param memory as taken, once; nobody looks at it any more. */
  give(memory: ArrayBuffer): void {
    const size = memory.byteLength;
    if (size < FRAME_MEMORY_SMALLEST_BYTES || this.#keptBytes + size > FRAME_MEMORY_KEPT_BYTES_MAX) return;
    this.#keptBytes += size;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [memory]);
    else free.push(memory);
  }
}

/** Eight sizes between a power of 2 and the next: parts of a push for different shards differ by a little. */
function sizeFor(bytes: number): number {
  const step = 2 ** (28 - Math.clz32(bytes - 1));
  return Math.ceil(bytes / step) * step;
}
