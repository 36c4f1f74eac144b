// The newest chunks of a partition in memory, bounded in bytes, so that readers who keep up never touch the store.
// Holds: chunks are contiguous, the last one ends at the partition's durable end.
import type { Chunk } from './chunk.ts';

export class Tail {
  readonly #chunks: Chunk[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the next chunk and lets the oldest go, but never the one added. */
  add(chunk: Chunk, bytesMax: number): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.byteLength;
    while (this.#bytes > bytesMax && this.#chunks.length > 1) {
      this.#bytes -= this.#chunks.shift()!.bytes.byteLength;
    }
  }

  /** Chunks from the one that holds the offset on, up to about `bytesMax`; undefined if the offset is older. */
  from(offset: number, bytesMax: number): Chunk[] | undefined {
    const oldest = this.#chunks[0];
    if (oldest === undefined || offset < oldest.firstOffset) return undefined;
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.endOffset <= offset) low = middle + 1;
      else high = middle;
    }
    const found: Chunk[] = [];
    for (let bytes = 0; low < this.#chunks.length && bytes < bytesMax; low++) {
      const chunk = this.#chunks[low]!;
      found.push(chunk);
      bytes += chunk.bytes.byteLength;
    }
    return found;
  }
}
