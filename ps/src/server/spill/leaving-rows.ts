// How rows of a table leave memory: those that were not used for long are written, and then go if they are still as they
// were written.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DepartedRows } from '../../core/departed-rows.ts';
import { SEQ_AT } from '../../kernel/layout.ts';
import type { RowTable } from '../../kernel/row-table.ts';
import { seqsOfImages } from '../../kernel/spill.ts';
import { DEPARTED_ROWS_MAX, LEAVING_PIECE_ROWS, LEAVING_ROWS } from '../../limits.ts';
import { rowMemory } from './row-memory.ts';
import type { StoredRows } from './stored-rows.ts';

/** What the rows must know of the shard around them. */
export interface SpillShard {
  /** Every row with a seq up to this one stands in the store as it is. */
  storedUpTo(): number;
  /** Set while a record is applied in part. */
  midRecord(): Promise<void> | undefined;
}

export class LeavingRows {
  readonly #rows: RowTable;
  readonly #stored: StoredRows;
  readonly #left: (rows: number) => void;
  /** Undefined in recovery: then nobody follows changes, and whatever leaves is written. */
  #shard: SpillShard | undefined;
  #departed: DepartedRows | undefined;
  #holds = 0;

  /** @param left told at once how many rows have left. */
  constructor(rows: RowTable, stored: StoredRows, left: (rows: number) => void) {
    this.#rows = rows;
    this.#stored = stored;
    this.#left = left;
  }

  /** See SpilledRows.attach. */
  attach(shard: SpillShard, appliedSeq: number): void {
    this.#shard = shard;
    this.#departed = new DepartedRows(DEPARTED_ROWS_MAX, appliedSeq);
  }

  /** What left lately. */
  get departed(): DepartedRows | undefined {
    return this.#departed;
  }

  /** Nothing leaves until `letGo`. */
  hold(): void {
    this.#holds++;
  }

  letGo(): void {
    this.#holds--;
  }

  /**
   * Writes some rows that were not used for long, as far as the store does not have them as they are.
   * @param overMax so many rows are too many in memory; 0: only what was removed is deleted.
   * @returns images of all that were chosen. @throws StoreError.
   */
  async write(overMax: number): Promise<Uint32Array[]> {
    const pieces: Uint32Array[] = [];
    if (overMax === 0) {
      await this.#stored.write(NO_ROWS);
      return pieces;
    }
    const { imageWords } = this.#rows;
    const wanted = Math.min(LEAVING_ROWS, overMax + (this.#rows.spec.memoryRowsMax >>> 6));
    const keys = this.#rows.unused(wanted);
    const writes: Promise<void>[] = [];
    for (let at = 0; at < keys.length; at += 2 * LEAVING_PIECE_ROWS) {
      // A row with half of a record's updates has the same seq as one with all of them.
      await this.#recordWhole();
      // As the row is now: nothing newer of it is written before this.
      const some = keys.subarray(at, at + 2 * LEAVING_PIECE_ROWS);
      const images = this.#rows.imagesOf(some, rowMemory.take(2 * some.length * imageWords));
      pieces.push(images);
      // Only what the store does not have as it is.
      const writing = this.#stored.write(images, this.#shard?.storedUpTo() ?? 0);
      // Its failure is met when all have been begun.
      writing.catch(() => undefined);
      writes.push(writing);
    }
    const written = await Promise.allSettled(writes);
    const failure = written.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return pieces;
  }

  /** Those of the written rows that are as they were written go. */
  async free(pieces: readonly Uint32Array[]): Promise<void> {
    const words = this.#rows.imageWords;
    if (pieces.length === 0) await nextTurn();
    for (const images of pieces) {
      do await this.#recordWhole();
      while (this.#holds > 0);
      const seqs = seqsOfImages(images);
      for (let at = 0; at < images.length; at += words) {
        this.#departed?.add(images[at]!, images[at + 1]!, seqs[at / 2 + SEQ_AT]!);
      }
      this.#left(this.#rows.release(images));
      rowMemory.give(images.buffer as ArrayBuffer);
    }
  }

  /** Resolves at the beginning of a turn in which no record is applied in part. */
  async #recordWhole(): Promise<void> {
    await nextTurn();
    for (let mid = this.#shard?.midRecord(); mid !== undefined; mid = this.#shard?.midRecord()) {
      await mid;
      await nextTurn();
    }
  }
}

const NO_ROWS = new Uint32Array();
