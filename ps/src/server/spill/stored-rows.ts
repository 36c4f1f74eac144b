// The rows of one table in the store, each by itself: read and written by their keys.
import { type PackedKeys, WeirError } from '@weir/proto';
import { type Store, StoreError } from '@weir/store';
import { decodeRowImage, encodeRowImage, storedRowBytes } from '../../core/row-image.ts';
import { SEQ_AT } from '../../kernel/layout.ts';
import type { RowTable } from '../../kernel/row-table.ts';
import { seqsOfImages } from '../../kernel/spill.ts';
import { keyOfRow, ROWS, rowKeys, rowKeysBytes, rowRange } from '../folder/families.ts';
import type { RemovedKeys } from './removed-keys.ts';
import { rowMemory } from './row-memory.ts';

export interface StoredKeys {
  readonly keys: PackedKeys;
  /** Key of the last one in the store; undefined without one. */
  readonly last: Uint8Array | undefined;
}

export class StoredRows {
  readonly #store: Store;
  readonly #rows: RowTable;
  readonly #removed: RemovedKeys;

  constructor(store: Store, rows: RowTable, removed: RemovedKeys) {
    this.#store = store;
    this.#rows = rows;
    this.#removed = removed;
  }

  /**
   * Reads those of the keys that the store has, and returns what `use` makes of their images, which are there only meanwhile.
   * @throws WeirError CORRUPT, STORAGE_FAILED.
   */
  async read<T>(keys: PackedKeys, use: (images: Uint32Array) => T): Promise<T> {
    const { imageWords, spec } = this.#rows;
    const stored = await this.#fetch(keys);
    const words = (keys.length / 2) * imageWords;
    const memory = rowMemory.take(4 * words);
    const images = new Uint32Array(memory, 0, words);
    let at = 0;
    for (const [i, bytes] of stored.entries()) {
      if (bytes === undefined) continue;
      const image = images.subarray(at, at + imageWords);
      decodeRowImage(spec.name, keys[2 * i]!, keys[2 * i + 1]!, bytes, image);
      at += imageWords;
    }
    const result = use(images.subarray(0, at));
    rowMemory.give(memory);
    return result;
  }

  async #fetch(keys: PackedKeys): Promise<(Uint8Array | undefined)[]> {
    const { uid, name } = this.#rows.spec;
    const memory = rowMemory.take(rowKeysBytes(uid, keys));
    try {
      return await this.#store.getMany(ROWS, rowKeys(uid, keys, memory));
    } catch (cause) {
      const code = cause instanceof StoreError && cause.code === 'CORRUPT' ? 'CORRUPT' : 'STORAGE_FAILED';
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new WeirError(code, `table ${name}: its rows cannot be read: ${why}`, { table: name, cause });
    } finally {
      rowMemory.give(memory);
    }
  }

  /** Removals so far. */
  get removals(): number {
    return this.#removed.count;
  }

  /** Whether a row of one of the first `removals` may still be here. */
  hasRemoved(removals: number): boolean {
    return this.#removed.anyOf(removals);
  }

  /**
   * Writes those of these rows whose seq is above `aboveSeq`, and deletes some that were removed. Looks at the images only
   * before it returns. @throws StoreError.
   */
  async write(images: Uint32Array, aboveSeq = 0): Promise<void> {
    const { imageWords, spec } = this.#rows;
    const batch = this.#store.batch();
    const done = this.#removed.deleteFrom(batch, spec.uid);
    const starts = startsAbove(images, imageWords, aboveSeq);
    const keys = new Uint32Array(2 * starts.length);
    for (const [i, at] of starts.entries()) {
      keys[2 * i] = images[at]!;
      keys[2 * i + 1] = images[at + 1]!;
    }
    this.#removed.storedAgain(keys);
    const bytes = storedRowBytes(imageWords);
    const memory = rowMemory.take(starts.length * bytes);
    const keyMemory = rowMemory.take(rowKeysBytes(spec.uid, keys));
    for (const [i, key] of rowKeys(spec.uid, keys, keyMemory).entries()) {
      const value = new Uint8Array(memory, i * bytes, bytes);
      encodeRowImage(images.subarray(starts[i]!, starts[i]! + imageWords), value);
      batch.put(ROWS, key, value);
    }
    if (batch.size > 0) await this.#store.write(batch);
    rowMemory.give(memory);
    rowMemory.give(keyMemory);
    done();
  }

  /** See SpilledRows.storedKeys. */
  async keys(after: Uint8Array | undefined, rowsMax: number): Promise<StoredKeys> {
    const { gte, lt } = rowRange(this.#rows.spec.uid);
    const range = { ...(after === undefined ? { gte } : { gt: after }), lt, limit: rowsMax };
    const keys: number[] = [];
    let last: Uint8Array | undefined;
    for await (const { key } of this.#store.range(ROWS, range)) {
      const { low, high } = keyOfRow(key);
      keys.push(low, high);
      last = key;
    }
    return { keys: Uint32Array.from(keys), last };
  }
}

/** Words at which the images begin that have a seq above this one. */
function startsAbove(images: Uint32Array, imageWords: number, seq: number): number[] {
  const seqs = seqsOfImages(images);
  const starts: number[] = [];
  for (let at = 0; at < images.length; at += imageWords) {
    if (seqs[at / 2 + SEQ_AT]! > seq) starts.push(at);
  }
  return starts;
}
