// key -> slot. MurmurHash3's 64-bit finalizer in 32-bit arithmetic; the slot is its top 10 bits.
import type { PackedKeys } from './keys.ts';
import { SLOT_COUNT } from './limits.ts';

/** Low and high word of the last `fmix64`; reused so that hashing a key allocates nothing. */
export const mixed = new Uint32Array(2);

const C1_LOW = 0xed558ccd;
const C1_HIGH = 0xff51afd7;
const C2_LOW = 0x1a85ec53;
const C2_HIGH = 0xc4ceb9fe;

/**
 * MurmurHash3 fmix64 (Austin Appleby, public domain): k ^= k>>>33; k *= C1; k ^= k>>>33; k *= C2; k ^= k>>>33.
 * The result stands in `mixed`.
 */
export function fmix64(low: number, high: number): void {
  let lo = (low ^ (high >>> 1)) >>> 0;
  let hi = high;
  let next = multiplyHigh(lo, C1_LOW) + Math.imul(lo, C1_HIGH) + Math.imul(hi, C1_LOW);
  lo = Math.imul(lo, C1_LOW) >>> 0;
  hi = next >>> 0;
  lo = (lo ^ (hi >>> 1)) >>> 0;
  next = multiplyHigh(lo, C2_LOW) + Math.imul(lo, C2_HIGH) + Math.imul(hi, C2_LOW);
  lo = Math.imul(lo, C2_LOW) >>> 0;
  hi = next >>> 0;
  mixed[0] = lo ^ (hi >>> 1);
  mixed[1] = hi;
}

/** High 32 bits of a 32 x 32 bit product. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (other >>> 16)) >>> 0;
}

/** Slot (0 to 1,023) of the key with these words: `fmix64(key) >> 54`. */
export function slotOf(low: number, high: number): number {
  fmix64(low, high);
  return mixed[1]! >>> 22;
}

/** Slot of every key. */
export function slotsOf(keys: PackedKeys): Uint16Array {
  const slots = new Uint16Array(keys.length >>> 1);
  for (let i = 0; i < slots.length; i++) slots[i] = slotOf(keys[2 * i]!, keys[2 * i + 1]!);
  return slots;
}

if (SLOT_COUNT !== 1 << 10) throw new Error('slotOf takes the top 10 bits');
