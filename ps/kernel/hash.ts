// Hashes of keys, as every process computes them.

/** MurmurHash3's 64-bit finalizer (Austin Appleby, public domain). */
export function fmix64(key: u64): u64 {
  let k = key ^ (key >> 33);
  k *= 0xff51afd7ed558ccd;
  k ^= k >> 33;
  k *= 0xc4ceb9fe1a85ec53;
  return k ^ (k >> 33);
}

/** lowbias32 (Chris Wellons, public domain): a bijection of 32-bit words. */
export function mix32(word: u32): u32 {
  let x = word ^ (word >> 16);
  x *= 0x7feb352d;
  x ^= x >> 15;
  x *= 0x846ca68b;
  return x ^ (x >> 16);
}

/** Which of the 8 stripes a key with this fmix64 belongs to: of the slot, the top 10 bits, the lowest 3. */
export function stripeOf(hash: u64): u32 {
  return <u32>(hash >> 54) & 7;
}
