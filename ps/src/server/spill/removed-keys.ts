// Keys whose rows were removed, until the store has forgotten them too. A row in the store is dead while its key is
// here: nobody looks it up.
import type { PackedKeys } from '@weir/proto';
import type { WriteBatch } from '@weir/store';
import type { RowTable } from '../../kernel/row-table.ts';
import { REMOVED_PIECE_KEYS } from '../../limits.ts';
import { ROWS, rowKeys } from '../folder/families.ts';

export class RemovedKeys {
  readonly #rows: RowTable;
  /** Key -> the removal's number; numbers rise. */
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
      if (absent[i] !== 0 || absentNow[i] === 0) continue;
      const key = keyAt(keys, i);
      this.#removals.delete(key);
      this.#removals.set(key, this.#count++);
    }
    return removed;
  }

  get size(): number {
    return this.#removals.size;
  }

  /** Removals so far. */
  get count(): number {
    return this.#count;
  }

  /** Whether the store may still have the row of one of the first `count` removals. */
  anyOf(count: number): boolean {
    const [oldest] = this.#removals.values();
    return oldest !== undefined && oldest < count;
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
   * Adds the deletion of some dead rows to the batch, the oldest first. Also where the key has a row again: that one was
   * not written yet, or the key would not be here. Call what it returns when the batch is written.
   */
  deleteFrom(batch: WriteBatch, uid: string): () => void {
    const deleted = [...this.#removals.entries().take(REMOVED_PIECE_KEYS)];
    for (const key of rowKeys(uid, packed(deleted.map(([key]) => key)))) batch.delete(ROWS, key);
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
