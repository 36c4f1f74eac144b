// A table of which only some rows are in memory. The others stand in the store, one by one; memory is a cache that is
// written back: by the rounds of materialisation, and when a row leaves.
//
// What always holds:
// - A row that is not in memory has its newest state in the store. It leaves only when that has been written.
// - Rows come and leave one group after the other, and leave only at the beginning of a turn of the event loop, when no
//   record is applied in part: what was taken in is there for whoever waited for it, in the same turn.
// - A key that is not in memory gets a row by a push only after it was looked up. So what is read is never outdated when
//   it arrives.
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type PackedKeys, packKeys, unpackKeys } from '@weir/proto';
import type { Store } from '@weir/store';
import type { ChangePosition, RowTable } from '../../kernel/row-table.ts';
import {
  LOOK_UP_ROWS,
  LOOK_UPS_AT_ONCE,
  REMOVED_KEYS_MAX,
  ROWS_OVER_MAX,
  SPILL_FULLNESS,
  STORAGE_RETRY_MAX_MS,
  STORAGE_RETRY_MIN_MS,
} from '../../limits.ts';
import { LeavingRows, type SpillShard } from './leaving-rows.ts';
import { RemovedKeys } from './removed-keys.ts';
import { type StoredKeys, StoredRows } from './stored-rows.ts';
import { writeChanged } from './write-changed.ts';

interface Waiting {
  readonly keys: PackedKeys;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class SpilledRows {
  readonly #stored: StoredRows;
  readonly #rows: RowTable;
  readonly #removed: RemovedKeys;
  readonly #leaving: LeavingRows;
  /** Undefined in recovery. */
  #shard: SpillShard | undefined;
  /** Rows that are in the store only. */
  #out = 0;
  /** Whether there may be any; the count may be too low after a crash. */
  #anyOut = false;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  #takenIn = 0;
  #left = 0;
  #stopped = false;

  constructor(store: Store, rows: RowTable) {
    this.#rows = rows;
    this.#removed = new RemovedKeys(rows);
    this.#stored = new StoredRows(store, rows, this.#removed);
    this.#leaving = new LeavingRows(rows, this.#stored, (left) => {
      this.#anyOut = true;
      this.#left += left;
      this.#out += left;
    });
  }

  /** Recovery: the table had so many rows at the low mark, and the store may have rows of it. */
  restore(rowsAtMark: number): void {
    this.#out = rowsAtMark;
    this.#anyOut = true;
  }

  /** Called once, when there is a shard around the rows. @param appliedSeq no row in the store has a higher one. */
  attach(shard: SpillShard, appliedSeq: number): void {
    this.#shard = shard;
    this.#leaving.attach(shard, appliedSeq);
  }

  /** Rows that came back into memory, and rows that left it, since the start. */
  get moved(): { readonly in: number; readonly out: number } {
    return { in: this.#takenIn, out: this.#left };
  }

  /** Rows of the table, those in memory and the others. After a crash it may miss some that had just been made. */
  get rowsTotal(): number {
    return this.#rows.rows + this.#out;
  }

  /** Subscribers whose cursor is below this cannot be told all rows that have changed since. */
  get changesFloor(): number {
    return this.#leaving.departed?.floor ?? 0;
  }

  /**
   * Brings those rows of the keys into memory that are not there. Undefined: there is nothing to wait for. In the turn in
   * which it resolves the rows are there. @throws WeirError CORRUPT, STORAGE_FAILED.
   */
  takeIn(keys: PackedKeys): Promise<void> | undefined {
    if (!this.#anyOut || this.#rows.absent(keys) === 0) return undefined;
    return this.#waitFor(keys);
  }

  /** The same for a push, which also waits while too many rows are in memory. */
  takeInToChange(keys: PackedKeys): Promise<void> | undefined {
    return this.takeIn(keys) ?? (this.#overMax < ROWS_OVER_MAX ? undefined : this.#waitFor(keys));
  }

  /** For all keys, also those that have rows now: some may leave before it is their turn. */
  #waitFor(keys: PackedKeys): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject });
      this.#work();
    });
  }

  /** Nothing leaves until `letGo`. */
  hold(): void {
    this.#leaving.hold();
  }

  letGo(): void {
    this.#leaving.letGo();
  }

  /** Rows were made, or fewer may be in memory than before: some may have to leave. */
  makePlace(): void {
    if (this.#hasToLeave) this.#work();
  }

  /** As RowTable.remove, for keys whose rows are in memory if there are any. */
  remove(keys: PackedKeys, seq: number, upToSeq?: number): number {
    const removed = this.#removed.remove(keys, seq, upToSeq);
    this.makePlace();
    return removed;
  }

  /** Writes every row that changed after `sinceSeq`, while `goOn` says so of the place that comes next. @throws StoreError. */
  writeChanged(sinceSeq: number, goOn: (next: ChangePosition) => boolean): Promise<void> {
    return writeChanged(this.#rows, this.#stored, () => this.#shard?.midRecord(), sinceSeq, goOn);
  }

  /** The keys without those whose row was removed and stands in the store until the next write. */
  withoutRemoved(keys: PackedKeys): PackedKeys {
    return this.#removed.without(keys);
  }

  /** Current rows of these keys, wherever they are, those in memory first; without those that have none. */
  async peek(keys: PackedKeys): Promise<Uint32Array> {
    const words = this.#rows.imageWords;
    const images = this.#rows.imagesOf(keys);
    const missing = this.#removed.without(this.#rows.missing(keys));
    const all = new Uint32Array(images.length);
    let at = 0;
    const keep = (from: Uint32Array) => {
      for (let row = 0; row < from.length; row += words) {
        if (from[row + 2] === 0 && from[row + 3] === 0) continue;
        all.set(from.subarray(row, row + words), at);
        at += words;
      }
    };
    keep(images);
    await this.#stored.read(missing, keep);
    return all.subarray(0, at);
  }

  /** Keys of rows in the store, in its order, with where to go on; fewer than `rowsMax` at the end. */
  storedKeys(after: Uint8Array | undefined, rowsMax: number): Promise<StoredKeys> {
    return this.#stored.keys(after, rowsMax);
  }

  /** Keys of rows that left memory with a seq above this one, which is not below `changesFloor`. */
  departedSince(seq: number): PackedKeys {
    return this.#leaving.departed?.since(seq) ?? NO_KEYS;
  }

  /** Nothing leaves any more; resolves when what is under way has ended, and nothing is written afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  /** So many rows should leave: beyond what the definition allows, or beyond what memory can hold. */
  get #overMax(): number {
    const { rows, fullness, spec } = this.#rows;
    const beyondMemory = fullness > SPILL_FULLNESS ? Math.ceil(rows * (1 - SPILL_FULLNESS / fullness)) : 0;
    return Math.max(rows - spec.memoryRowsMax, beyondMemory);
  }

  get #hasToLeave(): boolean {
    return !this.#stopped && (this.#overMax > 0 || this.#removed.size > REMOVED_KEYS_MAX);
  }

  #work(): void {
    this.#working ??= this.#takeTurns().finally(() => {
      this.#working = undefined;
    });
  }

  async #takeTurns(): Promise<void> {
    // Whoever comes in the same turn of the event loop shares a read.
    await undefined;
    let pauseMs = STORAGE_RETRY_MIN_MS;
    while (this.#waiting.length > 0 || this.#hasToLeave) {
      // Rows come while others that shall leave are written.
      const leaving = this.#hasToLeave ? this.#leaving.write(Math.max(0, this.#overMax)) : undefined;
      leaving?.catch(() => undefined);
      if (this.#overMax < ROWS_OVER_MAX || this.#stopped) await this.#answerGroup();
      try {
        if (leaving !== undefined) await this.#leaving.free(await leaving);
        pauseMs = STORAGE_RETRY_MIN_MS;
      } catch {
        // The disk refuses writes. Rows stay where they are; the log says so, for its writes fail too.
        await delay(pauseMs);
        pauseMs = Math.min(2 * pauseMs, STORAGE_RETRY_MAX_MS);
      }
    }
  }

  /** Looks up what waits, up to a bound, and then lets those go on who wait for it. */
  async #answerGroup(): Promise<void> {
    // Each key once: were a row inserted twice, the second time could undo a removal in between.
    const missing = new Set<bigint>();
    let count = 0;
    while (count < this.#waiting.length && missing.size < LOOK_UP_ROWS * LOOK_UPS_AT_ONCE) {
      const keys = this.#removed.without(this.#rows.missing(this.#waiting[count]!.keys));
      for (const key of unpackKeys(keys)) missing.add(key);
      count++;
    }
    const pieces: PackedKeys[] = [];
    const keys = packKeys(BigUint64Array.from(missing));
    for (let at = 0; at < keys.length; at += 2 * LOOK_UP_ROWS) {
      pieces.push(keys.subarray(at, at + 2 * LOOK_UP_ROWS));
    }
    const group = this.#waiting.splice(0, count);
    const found = await Promise.allSettled(pieces.map((piece) => this.#bringIn(piece)));
    const failure = found.find((result) => result.status === 'rejected');
    for (const { resolve, reject } of group) {
      if (failure === undefined) resolve();
      else reject(failure.reason);
    }
    // What was waited for is used before anything leaves again.
    await nextTurn();
  }

  async #bringIn(missing: PackedKeys): Promise<void> {
    const inserted = await this.#stored.read(missing, (images) => this.#rows.insert(images));
    this.#takenIn += inserted;
    this.#out = Math.max(0, this.#out - inserted);
  }
}

const NO_KEYS: PackedKeys = new Uint32Array();
