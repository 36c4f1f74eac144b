// XXH64 (Yann Collet's xxHash, 64 bit) in 32-bit arithmetic, for short inputs that lie in a larger buffer: no
// BigInt, no string and no copy per value. Inputs of 32 bytes and more go to the WebAssembly implementation.
import { xxHash64OfBytes } from '@weir/proto';

/** Low and high word of the last `xxh64`; reused so that hashing allocates nothing. */
export const hashed = new Uint32Array(2);

const P1_LOW = 0x85ebca87;
const P1_HIGH = 0x9e3779b1;
const P2_LOW = 0x27d4eb4f;
const P2_HIGH = 0xc2b2ae3d;
const P3_LOW = 0x9e3779f9;
const P3_HIGH = 0x165667b1;
const P4_LOW = 0xc2b2ae63;
const P4_HIGH = 0x85ebca77;
const P5_LOW = 0x165667c5;
const P5_HIGH = 0x27d4eb2f;

const LONG_BYTES = 32;

// The product of the last `multiply`.
let low = 0;
let high = 0;

/** XXH64 of `bytes[start, end)` under a seed of two words. The result stands in `hashed`. */
export function xxh64(
  bytes: Uint8Array,
  start: number,
  end: number,
  seedLow: number,
  seedHigh: number,
): void {
  const length = end - start;
  if (length >= LONG_BYTES) {
    const seed = (BigInt(seedHigh >>> 0) << 32n) | BigInt(seedLow >>> 0);
    const hash = xxHash64OfBytes(bytes.subarray(start, end), seed);
    hashed[0] = Number(hash & 0xffffffffn);
    hashed[1] = Number(hash >> 32n);
    return;
  }
  // h = seed + P5 + length
  let sum = (seedLow >>> 0) + P5_LOW + length;
  let lo = sum >>> 0;
  let hi = (seedHigh + P5_HIGH + Math.floor(sum / 0x100000000)) >>> 0;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    // h = rotl(h ^ rotl(lane * P2, 31) * P1, 27) * P1 + P4
    multiply(word(bytes, at), word(bytes, at + 4), P2_LOW, P2_HIGH);
    multiply((low << 31) | (high >>> 1), (high << 31) | (low >>> 1), P1_LOW, P1_HIGH);
    lo ^= low;
    hi ^= high;
    multiply((lo << 27) | (hi >>> 5), (hi << 27) | (lo >>> 5), P1_LOW, P1_HIGH);
    sum = (low >>> 0) + P4_LOW;
    lo = sum >>> 0;
    hi = (high + P4_HIGH + (sum >= 0x100000000 ? 1 : 0)) >>> 0;
  }
  if (at + 4 <= end) {
    // h = rotl(h ^ lane * P1, 23) * P2 + P3
    multiply(word(bytes, at), 0, P1_LOW, P1_HIGH);
    lo ^= low;
    hi ^= high;
    multiply((lo << 23) | (hi >>> 9), (hi << 23) | (lo >>> 9), P2_LOW, P2_HIGH);
    sum = (low >>> 0) + P3_LOW;
    lo = sum >>> 0;
    hi = (high + P3_HIGH + (sum >= 0x100000000 ? 1 : 0)) >>> 0;
    at += 4;
  }
  for (; at < end; at++) {
    // h = rotl(h ^ byte * P5, 11) * P1
    multiply(bytes[at]!, 0, P5_LOW, P5_HIGH);
    lo ^= low;
    hi ^= high;
    multiply((lo << 11) | (hi >>> 21), (hi << 11) | (lo >>> 21), P1_LOW, P1_HIGH);
    lo = low;
    hi = high;
  }
  // h ^= h >>> 33; h *= P2; h ^= h >>> 29; h *= P3; h ^= h >>> 32
  multiply(lo ^ (hi >>> 1), hi, P2_LOW, P2_HIGH);
  multiply(low ^ ((low >>> 29) | (high << 3)), high ^ (high >>> 29), P3_LOW, P3_HIGH);
  hashed[0] = low ^ high;
  hashed[1] = high;
}

/** Little-endian word at `at`. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** (low, high) = a * b mod 2^64. */
function multiply(aLow: number, aHigh: number, bLow: number, bHigh: number): void {
  // High word of aLow * bLow, by 16-bit halves.
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  const carried = a1 * b1 + (middle >>> 16) + (other >>> 16);
  low = Math.imul(aLow, bLow);
  high = (carried + Math.imul(aLow, bHigh) + Math.imul(aHigh, bLow)) | 0;
}
