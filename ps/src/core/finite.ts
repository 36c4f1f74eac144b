// Whether all of many numbers are finite, looked at as bits: several times quicker than asking about each. (V8's middle
// compiler asks for an array's length by a call each time; hence the constants.)

/** Of an f32: the bits of the exponent, and the lowest of them. */
const F32_EXPONENT = 0x7f800000;
const F32_EXPONENT_ONE = 0x00800000;
/** Of the upper half of an f64. */
const F64_EXPONENT = 0x7ff00000;
const F64_EXPONENT_ONE = 0x00100000;

/** An exponent of all ones, as NaN and the infinities have it, carries into the sign bit when one is added to it. */
export function allFinite(values: Float32Array | Float64Array): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4);
  return values instanceof Float32Array ? finiteF32(bits) : finiteF64(bits);
}

function finiteF32(bits: Int32Array): boolean {
  const { length } = bits;
  let carried = 0;
  for (let i = 0; i < length; i++) carried |= ((bits[i]! & F32_EXPONENT) + F32_EXPONENT_ONE) | 0;
  return carried >= 0;
}

function finiteF64(bits: Int32Array): boolean {
  const { length } = bits;
  let carried = 0;
  for (let i = 1; i < length; i += 2) carried |= ((bits[i]! & F64_EXPONENT) + F64_EXPONENT_ONE) | 0;
  return carried >= 0;
}
