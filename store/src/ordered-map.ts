// A persistent ordered map from bytes to bytes: every change returns a new map and leaves the old one as it was,
// so a snapshot is a reference. Two levels: an array of sorted chunks, of which a change copies one.
import { compare } from './compare.ts';
import type { Entry, Range } from './store.ts';

const CHUNK_ENTRIES_MAX = 256;

type Chunk = readonly Entry[];

export class OrderedMap {
  static readonly empty = new OrderedMap([]);
  /** Chunks hold at least one entry each, in ascending order without overlap. */
  readonly #chunks: readonly Chunk[];

  private constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const entry = chunk[lowerBound(chunk, key)];
    return entry !== undefined && compare(entry.key, key) === 0 ? entry.value : undefined;
  }

  put(key: Uint8Array, value: Uint8Array): OrderedMap {
    const entry: Entry = { key, value };
    if (this.#chunks.length === 0) return new OrderedMap([[entry]]);
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index]!;
    const at = lowerBound(chunk, key);
    const known = chunk[at];
    const replaced = known !== undefined && compare(known.key, key) === 0 ? 1 : 0;
    const changed = chunk.toSpliced(at, replaced, entry);
    if (changed.length <= CHUNK_ENTRIES_MAX) return this.#replace(index, 1, [changed]);
    // Appending in key order is the common case: a full chunk at the end then stays full.
    const half = at === chunk.length ? chunk.length : changed.length >>> 1;
    return this.#replace(index, 1, [changed.slice(0, half), changed.slice(half)]);
  }

  delete(key: Uint8Array): OrderedMap {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return this;
    const at = lowerBound(chunk, key);
    const known = chunk[at];
    if (known === undefined || compare(known.key, key) !== 0) return this;
    return this.#replace(index, 1, chunk.length === 1 ? [] : [chunk.toSpliced(at, 1)]);
  }

  /** Removes the keys with `gte <= key < lt`. */
  deleteRange(gte: Uint8Array, lt: Uint8Array): OrderedMap {
    if (this.#chunks.length === 0 || compare(gte, lt) >= 0) return this;
    const first = this.#chunkOf(gte);
    const last = this.#chunkOf(lt);
    const head = this.#chunks[first]!;
    const tail = this.#chunks[last]!;
    const kept = [head.slice(0, lowerBound(head, gte)), tail.slice(lowerBound(tail, lt))];
    return this.#replace(
      first,
      last - first + 1,
      kept.filter((chunk) => chunk.length > 0),
    );
  }

  *entries(range: Range = {}): Generator<Entry> {
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    const step = range.reverse === true ? -1 : 1;
    const start = step === 1 ? (range.gt ?? range.gte) : (range.lt ?? range.lte);
    let index = start === undefined ? (step === 1 ? 0 : this.#chunks.length - 1) : this.#chunkOf(start);
    for (; left > 0; index += step) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) return;
      for (let at = step === 1 ? 0 : chunk.length - 1; at >= 0 && at < chunk.length; at += step) {
        const entry = chunk[at]!;
        if (isBefore(entry.key, range)) {
          if (step === -1) return;
          continue;
        }
        if (isAfter(entry.key, range)) {
          if (step === 1) return;
          continue;
        }
        yield entry;
        left -= 1;
        if (left <= 0) return;
      }
    }
  }

  /** Index of the last chunk whose first key is not greater than the key, or 0. */
  #chunkOf(key: Uint8Array): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.#chunks[middle]![0]!.key, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  #replace(index: number, count: number, chunks: readonly Chunk[]): OrderedMap {
    return new OrderedMap(this.#chunks.toSpliced(index, count, ...chunks));
  }
}

/** Index of the first entry whose key is not less than the key. */
function lowerBound(chunk: Chunk, key: Uint8Array): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(chunk[middle]!.key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(key: Uint8Array, { gte, gt }: Range): boolean {
  return (gte !== undefined && compare(key, gte) < 0) || (gt !== undefined && compare(key, gt) <= 0);
}

function isAfter(key: Uint8Array, { lt, lte }: Range): boolean {
  return (lt !== undefined && compare(key, lt) >= 0) || (lte !== undefined && compare(key, lte) > 0);
}
