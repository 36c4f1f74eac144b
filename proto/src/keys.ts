// Packed keys: u64 keys as little-endian pairs of u32 (low word first), so that no BigInt is made per key.
// Weir runs on little-endian machines only; asserted here, once.

if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) {
  throw new Error('Weir needs a little-endian machine');
}

/** Keys as u32 pairs: key i is `words[2 * i]` (low) and `words[2 * i + 1]` (high). */
export type PackedKeys = Uint32Array;

export const KEY_BYTES = 8;

/** Number of keys. */
export function keyCount(keys: PackedKeys): number {
  return keys.length >>> 1;
}

/** A view of 64-bit keys as packed keys; shares memory. */
export function packKeys(keys: BigUint64Array): PackedKeys {
  return new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);
}

/** A copy of packed keys as 64-bit keys; for people and edges, never on a hot path. */
export function unpackKeys(keys: PackedKeys): BigUint64Array {
  return new BigUint64Array(keys.slice().buffer);
}

/**
 * Packed keys as received from the wire: a view where the bytes are aligned, else a copy.
 * @throws RangeError when the length is not a multiple of 8.
 */
export function keysFromBytes(bytes: Uint8Array): PackedKeys {
  if (bytes.byteLength % KEY_BYTES !== 0) {
    throw new RangeError(`packed keys: ${bytes.byteLength} bytes is not a multiple of ${KEY_BYTES}`);
  }
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : new Uint32Array(copied(bytes).buffer);
}

/** A copy in memory of its own. Not `bytes.slice()`: what gRPC hands out are Buffers, whose slice is a view. */
export function copied(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** A view of any typed array as bytes; shares memory. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
