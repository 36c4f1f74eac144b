// A table's changes, wherever its rows are: first what memory has, then what has left it. Of a row that moves meanwhile
// nothing is missed, and what is sent of it later is never older: each value is the current one when it is read.
import type { PackedKeys } from '@weir/proto';
import { SEQ_AT, WEIGHTS_AT } from '../../kernel/layout.ts';
import type { ChangePosition } from '../../kernel/row-table.ts';
import { LOOK_UP_ROWS } from '../../limits.ts';
import type { LiveTable } from '../tables/live-table.ts';
import type { SpilledRows } from './spilled-rows.ts';

export interface ScannedRows {
  readonly keys: PackedKeys;
  /** keys x dim. */
  readonly weights: Float32Array;
  /** Nothing comes behind. */
  readonly last: boolean;
}

/** Rows with a seq above `sinceSeq`; all for 0. */
export class TableScan {
  readonly #table: LiveTable;
  readonly #sinceSeq: number;
  #position: ChangePosition | undefined;
  #memoryIsThrough = false;
  /** Of a scan for changes: what left memory lately, and how much of it is read. */
  #departed: PackedKeys | undefined;
  #read = 0;
  /** Of a scan of all rows: the last one read in the store. */
  #storeKey: Uint8Array | undefined;

  constructor(table: LiveTable, sinceSeq: number) {
    this.#table = table;
    this.#sinceSeq = sinceSeq;
  }

  /** Some rows; undefined: more of them have left memory than are remembered, and only a scan of all rows finds them. */
  next(rowsMax: number): ScannedRows | Promise<ScannedRows | undefined> {
    const { rows, spill } = this.#table;
    if (!this.#memoryIsThrough) {
      const { keys, weights, next } = rows.changes(this.#sinceSeq, this.#position, rowsMax);
      this.#position = next;
      this.#memoryIsThrough = next === undefined;
      return { keys, weights, last: this.#memoryIsThrough && spill === undefined };
    }
    const wanted = Math.min(rowsMax, LOOK_UP_ROWS);
    return this.#sinceSeq === 0 ? this.#stored(spill!, wanted) : this.#left(spill!, wanted);
  }

  async #left(spill: SpilledRows, rowsMax: number): Promise<ScannedRows | undefined> {
    if (this.#departed === undefined) {
      if (spill.changesFloor > this.#sinceSeq) return undefined;
      this.#departed = spill.departedSince(this.#sinceSeq);
    }
    const keys = this.#departed.subarray(this.#read, this.#read + 2 * rowsMax);
    this.#read += keys.length;
    return this.#scanned(await spill.peek(keys), this.#read >= this.#departed.length);
  }

  async #stored(spill: SpilledRows, rowsMax: number): Promise<ScannedRows> {
    const { keys, last } = await spill.storedKeys(this.#storeKey, rowsMax);
    this.#storeKey = last;
    return this.#scanned(await spill.peek(keys), keys.length < 2 * rowsMax);
  }

  #scanned(images: Uint32Array, last: boolean): ScannedRows {
    const { imageWords, spec } = this.#table.rows;
    const { dim } = spec;
    const floats = new Float32Array(images.buffer, images.byteOffset, images.length);
    const seqs = new Float64Array(images.buffer, images.byteOffset, images.length / 2);
    const keys = new Uint32Array((2 * images.length) / imageWords);
    const weights = new Float32Array((dim * images.length) / imageWords);
    let rows = 0;
    for (let at = 0; at < images.length; at += imageWords) {
      if (seqs[at / 2 + SEQ_AT]! <= this.#sinceSeq) continue;
      keys[2 * rows] = images[at]!;
      keys[2 * rows + 1] = images[at + 1]!;
      weights.set(floats.subarray(at + WEIGHTS_AT, at + WEIGHTS_AT + dim), rows * dim);
      rows++;
    }
    return { keys: keys.subarray(0, 2 * rows), weights: weights.subarray(0, rows * dim), last };
  }
}
