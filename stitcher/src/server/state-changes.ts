// The changes of one step as a list: what goes to the state log and then, the same, to the local store.
import type { WriteBatch } from '@weir/store';
import { STATE_FAMILIES, type StateChange } from '../core/state-batch.ts';

type Family = keyof typeof STATE_FAMILIES;

const NAMES = new Map<number, Family>(
  Object.entries(STATE_FAMILIES).map(([name, number]) => [number, name as Family]),
);

export class StateChanges implements WriteBatch {
  /** Goes to the log only, before the changes: what the local store has already. */
  readonly carried: StateChange[] = [];
  readonly changes: StateChange[] = [];
  #carriedBytes = 0;
  #bytes = 0;

  get size(): number {
    return this.changes.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  put(family: string, key: Uint8Array, value: Uint8Array): this {
    this.changes.push({ family: STATE_FAMILIES[family as Family], key, value });
    this.#bytes += key.length + value.length;
    return this;
  }

  delete(family: string, key: Uint8Array): this {
    this.changes.push({ family: STATE_FAMILIES[family as Family], key });
    this.#bytes += key.length;
    return this;
  }

  deleteRange(family: string, gte: Uint8Array, lt: Uint8Array): this {
    this.changes.push({ family: STATE_FAMILIES[family as Family], key: gte, rangeEnd: lt });
    this.#bytes += gte.length + lt.length;
    return this;
  }

  carry(family: Family, key: Uint8Array, value: Uint8Array): void {
    this.carried.push({ family: STATE_FAMILIES[family], key, value });
    this.#carriedBytes += key.length + value.length;
  }
}

/** @throws Error when a newer version wrote the log. */
export function applyChanges(batch: WriteBatch, changes: readonly StateChange[]): void {
  for (const { family, key, value, rangeEnd } of changes) {
    const name = NAMES.get(family);
    if (name === undefined)
      throw new Error(`the state log has family ${family}, which this version does not know`);
    if (value !== undefined) batch.put(name, key, value);
    else if (rangeEnd !== undefined) batch.deleteRange(name, key, rangeEnd);
    else batch.delete(name, key);
  }
}
