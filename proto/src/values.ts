// Packed values: f32 in memory, f32 or f16 on the wire, little-endian.
import { ValueEncoding } from './gen/weir/v1/common.ts';
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
  const halves = bytes.byteOffset % 2 === 0 ? bytes : copied(bytes);
  return Float32Array.from(
    new Uint16Array(halves.buffer, halves.byteOffset, halves.byteLength / 2),
    halfToFloat,
  );
}

/** Values for the wire: a view for f32, a rounded copy for f16 (round to nearest even, overflow to infinity). */
export function encodeValues(values: Float32Array, encoding: ValueEncoding): Uint8Array {
  if (encoding !== ValueEncoding.F16) return bytesOf(values);
  return bytesOf(Uint16Array.from(values, floatToHalf));
}

function requireMultiple(bytes: Uint8Array, size: number, what: string): void {
  if (bytes.byteLength % size !== 0) {
    throw new RangeError(`packed ${what}: ${bytes.byteLength} bytes is not a multiple of ${size}`);
  }
}

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

function floatToHalf(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const halfExponent = exponent - 112;
  if (halfExponent >= 31) return sign | 0x7c00;
  if (halfExponent <= 0) {
    if (halfExponent < -10) return sign;
    return sign + roundShift(fraction | 0x800000, 14 - halfExponent);
  }
  // A carry out of the fraction rightly raises the exponent.
  return sign + (halfExponent << 10) + roundShift(fraction, 13);
}

/** `value >> shift`, rounded to nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}
