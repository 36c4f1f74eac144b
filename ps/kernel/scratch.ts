// The scratch area, where a batch's keys and values come and go. The host writes and reads it by address.
import { allocate, reserve } from './memory';
import { weightBytes } from './slab';

const ROWS_MIN: u32 = 64;

let capacity: u32 = 0;
/** u64 each. */
export let keys: u32 = 0;
/** Per key: low word of its hash; then place + 1 of its row, or 0; then its row's address, or 0 for none. */
export let hashes: u32 = 0;
export let places: u32 = 0;
export let found: u32 = 0;
/** A row of weights a key. */
export let values: u32 = 0;

/** Makes the scratch area hold so many keys and rows of values; 0: memory is used up. Returns where keys begin. */
export function scratch(count: u32): u32 {
  if (count <= capacity) return keys;
  const wanted = max(max(count, 2 * capacity), ROWS_MIN);
  const rowSize: u64 = 8 + 4 + 4 + 4 + weightBytes;
  if (!reserve(rowSize * wanted + 64 * 5)) return 0;
  keys = allocate(8 * wanted);
  hashes = allocate(4 * wanted);
  places = allocate(4 * wanted);
  found = allocate(4 * wanted);
  values = allocate(weightBytes * wanted);
  capacity = wanted;
  return keys;
}

/** Where values of the scratch area begin. */
export function scratchValues(): u32 {
  return values;
}

/** Where the scratch area has one word a key. */
export function scratchWords(): u32 {
  return places;
}
