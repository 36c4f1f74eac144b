// Packed values: f32 in memory, f32 or f16 on the wire, little-endian.
import { ValueEncoding } from './gen/weir/v1/common.ts';
import { fromHalves, toHalves } from './half-floats.ts';
import { bytesOf, copied } from './keys.ts';

/**
 * Packed f32 as received from the wire: a view where aligned, else a copy.
 * @throws RangeError when the length is not a multiple of 4.
 */
export function floatsFromBytes(bytes: Uint8Array): Float32Array {
  requireMultiple(bytes, 4, 'f32 values');
  return bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : new Float32Array(copied(bytes).buffer);
}

/** Packed u32 (indexes, counts): a view where aligned, else a copy. */
export function u32FromBytes(bytes: Uint8Array): Uint32Array {
  requireMultiple(bytes, 4, 'u32 values');
  return bytes.byteOffset % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : new Uint32Array(copied(bytes).buffer);
}

/**
 * Values from the wire in either encoding; an absent encoding is f32.
 * @throws RangeError when the length is not whole.
 */
export function decodeValues(bytes: Uint8Array, encoding: ValueEncoding): Float32Array {
  if (encoding !== ValueEncoding.F16) return floatsFromBytes(bytes);
  requireMultiple(bytes, 2, 'f16 values');
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : copied(bytes);
  return fromHalves(new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2));
}

/** Values for the wire: a view for f32, a rounded copy for f16 (round to nearest even, overflow to infinity). */
export function encodeValues(values: Float32Array, encoding: ValueEncoding): Uint8Array {
  if (encoding !== ValueEncoding.F16) return bytesOf(values);
  return bytesOf(toHalves(values));
}

function requireMultiple(bytes: Uint8Array, size: number, what: string): void {
  if (bytes.byteLength % size !== 0) {
    throw new RangeError(`packed ${what}: ${bytes.byteLength} bytes is not a multiple of ${size}`);
  }
}
