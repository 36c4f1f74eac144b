// f16 and f32 values in each other's place. Computed where JavaScript has no Float16Array, as in Node 22.

/** Rounded to nearest even; what is too large becomes infinity. */
export const toHalves: (values: Float32Array) => Uint16Array =
  typeof Float16Array === 'undefined' ? computedHalves : (values) => bitsOf(new Float16Array(values));

/** Exact. */
export const fromHalves: (halves: Uint16Array) => Float32Array =
  typeof Float16Array === 'undefined'
    ? computedFloats
    : ({ buffer, byteOffset, length }) => new Float32Array(new Float16Array(buffer, byteOffset, length));

function bitsOf({ buffer, byteOffset, length }: Float16Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, length);
}

/** Of an f16: 10 bits of fraction, exponents from -14 to 15. */
const FRACTION = 2 ** 10;
const SMALLEST_NORMAL = 2 ** -14;
const LARGEST = (2 - 1 / FRACTION) * 2 ** 15;
const INFINITE = 0x7c00;
const NOT_A_NUMBER = 0x7e00;

export function computedHalves(values: Float32Array): Uint16Array {
  return Uint16Array.from(
    values,
    (value) => (value < 0 || Object.is(value, -0) ? 0x8000 : 0) | half(Math.abs(value)),
  );
}

export function computedFloats(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (bits) => ((bits & 0x8000) === 0 ? 1 : -1) * float(bits & 0x7fff));
}

/** The bits of a value that is not negative. */
function half(value: number): number {
  if (Number.isNaN(value)) return NOT_A_NUMBER;
  // Half a step beyond the largest rounds up to what would be 2 ** 16.
  if (value >= LARGEST + 2 ** 4) return INFINITE;
  const exponent = value < SMALLEST_NORMAL ? -14 : Math.floor(Math.log2(value));
  const steps = toEven((value / 2 ** exponent) * FRACTION);
  // A fraction that rounds up to a whole carries into the exponent by itself, and so does a subnormal's.
  return (exponent + 14) * FRACTION + steps;
}

function float(bits: number): number {
  const exponent = bits >> 10;
  const fraction = bits & (FRACTION - 1);
  if (exponent === 31) return fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0
    ? (fraction / FRACTION) * SMALLEST_NORMAL
    : (1 + fraction / FRACTION) * 2 ** (exponent - 15);
}

function toEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
