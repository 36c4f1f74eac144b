// Keys whose rows were removed, until the store has forgotten them too. A row in the store is dead while its key is
// here: nobody looks it up.
import type { PackedKeys } from '@weir/proto';
import type { WriteBatch } from '@weir/store';
import type { RowTable } from '../../kernel/row-table.ts';
import { ROWS, rowKeys } from '../folder/families.ts';

export class RemovedKeys {
  readonly #rows: RowTable;
  /** Key -> the removal's number. */
  readonly #removals = new Map<bigint, number>();
  #count = 0;

  constructor(rows: RowTable) {
    this.#rows = rows;
  }

  /** See SpilledRows.remove. */
  remove(keys: PackedKeys, seq: number, upToSeq?: number): number {
    const absent = new Uint8Array(keys.length / 2);
    this.#rows.absent(keys, absent);
    const removed = this.#rows.remove(keys, seq, upToSeq);
    const absentNow = new Uint8Array(keys.length / 2);
    this.#rows.absent(keys, absentNow);
    for (let i = 0; i < absent.length; i++) {
      if (absent[i] === 0 && absentNow[i] !== 0) this.#removals.set(keyAt(keys, i), this.#count++);
    }
    return removed;
  }

  /** The keys without those that are here. */
  without(keys: PackedKeys): PackedKeys {
    if (this.#removals.size === 0) return keys;
    const others: number[] = [];
    for (let i = 0; 2 * i < keys.length; i++) {
      if (!this.#removals.has(keyAt(keys, i))) others.push(keys[2 * i]!, keys[2 * i + 1]!);
    }
    return Uint32Array.from(others);
  }

  /**
   * Adds the deletion of all dead rows to the batch, but for those of keys that have a row again: it will be written
   * over them. Call what it returns when the batch is written.
   */
  deleteFrom(batch: WriteBatch, uid: string): () => void {
    if (this.#removals.size === 0) return () => undefined;
    const deleted = [...this.#removals];
    const keys = this.#rows.missing(packed(deleted.map(([key]) => key)));
    for (const key of rowKeys(uid, keys)) batch.delete(ROWS, key);
    return () => {
      for (const [key, removal] of deleted) {
        if (this.#removals.get(key) === removal) this.#removals.delete(key);
      }
    };
  }

  /** Rows of these keys are about to be written. */
  storedAgain(keys: PackedKeys): void {
    if (this.#removals.size === 0) return;
    for (let i = 0; 2 * i < keys.length; i++) this.#removals.delete(keyAt(keys, i));
  }
}

function keyAt(keys: PackedKeys, i: number): bigint {
  return (BigInt(keys[2 * i + 1]!) << 32n) | BigInt(keys[2 * i]!);
}

function packed(keys: readonly bigint[]): PackedKeys {
  const all = new Uint32Array(2 * keys.length);
  for (const [i, key] of keys.entries()) {
    all[2 * i] = Number(key & 0xffff_ffffn);
    all[2 * i + 1] = Number(key >> 32n);
  }
  return all;
}
