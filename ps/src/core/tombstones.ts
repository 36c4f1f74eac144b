// Keys whose rows are gone, by the position of the record that removed them: what subscribers are told. Bounded: the
// oldest are forgotten, and whoever has not seen them needs a snapshot.
import type { PackedKeys } from '@weir/proto';

/** Rows that one record removed. */
export interface TombstoneBatch {
  readonly seq: number;
  readonly keys: PackedKeys;
}

/** What a batch costs beside its keys. */
const BATCH_BYTES = 64;

export class Tombstones {
  readonly #bytesMax: number;
  #batches: TombstoneBatch[] = [];
  #bytes = 0;
  #floor: number;

  /** @param floor as stored: batches up to it are forgotten. */
  constructor(bytesMax: number, floor = 0) {
    this.#bytesMax = bytesMax;
    this.#floor = floor;
  }

  /** Who stands below this position cannot learn from here what is gone. */
  get floor(): number {
    return this.#floor;
  }

  /** Position of the newest batch ever added; 0 for none. */
  get lastSeq(): number {
    return this.#batches.at(-1)?.seq ?? this.#floor;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Precondition: positions rise. Keys are not copied. */
  add(seq: number, keys: PackedKeys): void {
    if (seq <= this.lastSeq) throw new Error(`tombstones of ${seq} come after those of ${this.lastSeq}`);
    if (keys.length === 0) return;
    this.#batches.push({ seq, keys });
    this.#bytes += keys.byteLength + BATCH_BYTES;
    let forgotten = 0;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#batches[forgotten++]!;
      this.#bytes -= oldest.keys.byteLength + BATCH_BYTES;
      this.#floor = oldest.seq;
    }
    if (forgotten > 0) this.#batches = this.#batches.slice(forgotten);
  }

  /** Batches in (after, upTo], oldest first. Precondition: `after` is not below the floor. */
  between(after: number, upTo: number): readonly TombstoneBatch[] {
    return this.#batches.slice(this.#firstAbove(after), this.#firstAbove(upTo));
  }

  /** Index of the first batch with a position above. */
  #firstAbove(position: number): number {
    let from = 0;
    let to = this.#batches.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#batches[middle]!.seq <= position) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
