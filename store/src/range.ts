// Checks of keys and ranges that hold for every store.
import type { Range } from './store.ts';

/** The range, or undefined where no key can lie in it. Keys have at least one byte. */
export function checkedRange(range: Range): Range | undefined {
  if (
    (range.gt !== undefined && range.gte !== undefined) ||
    (range.lt !== undefined && range.lte !== undefined)
  ) {
    throw new TypeError('a range has one lower and one upper bound at most');
  }
  const upper = range.lt ?? range.lte;
  if (upper !== undefined && upper.byteLength === 0) return undefined;
  if (range.limit !== undefined && range.limit <= 0) return undefined;
  return range;
}

export function assertKey(key: Uint8Array): void {
  if (key.byteLength === 0) throw new TypeError('a key has at least one byte');
}
