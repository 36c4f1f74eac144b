// XXH64 (Yann Collet's xxHash, 64 bit) over UTF-8 strings and bytes, as packed key words.
import xxhash from 'xxhash-wasm';

const { h64, h64Raw } = await xxhash();

/** XXH64 of the string's UTF-8 bytes. */
export function xxHash64(text: string, seed = 0n): bigint {
  return h64(text, seed);
}

/** XXH64 of bytes. */
export function xxHash64OfBytes(bytes: Uint8Array, seed = 0n): bigint {
  return h64Raw(bytes, seed);
}
