// What a feature value's key is; the specification in 64-bit integers. Decoding computes the same keys in 32-bit
// words (xxh64.ts, cross-entries.ts); a test holds them together, golden vectors hold both.
import { fmix64, mixed, xxHash64 } from '@weir/proto';

/** Key of a number (its weight is the number), and seed of the name's categorical keys: XXH64 of the name. */
export function numericKey(name: string): bigint {
  return xxHash64(name);
}

/** Key of a categorical value, or of one value of a multi-valued feature: XXH64 of it, seeded by the name. */
export function categoricalKey(name: string, value: string): bigint {
  return xxHash64(value, numericKey(name));
}

/** Key of a combination: h = XXH64(name), then h = fmix64(h ^ key) for the parts' keys in the order of the cross. */
export function crossKey(name: string, parts: readonly bigint[]): bigint {
  let hash = numericKey(name);
  for (const part of parts) {
    const mix = hash ^ part;
    fmix64(Number(mix & 0xffffffffn), Number(mix >> 32n));
    hash = (BigInt(mixed[1]!) << 32n) | BigInt(mixed[0]!);
  }
  return hash;
}

/** A 64-bit key as its two words. */
export function keyWords(key: bigint): { readonly low: number; readonly high: number } {
  return { low: Number(key & 0xffffffffn), high: Number(key >> 32n) };
}
