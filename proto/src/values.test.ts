import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValueEncoding } from './gen/weir/v1/common.ts';
import { bytesOf } from './keys.ts';
import { decodeValues, encodeValues, floatsFromBytes, u32FromBytes } from './values.ts';

/** The engine's own rounding to half precision: a second opinion. */
const f16round = Reflect.get(Math, 'f16round') as (value: number) => number;
const { F16, F32 } = ValueEncoding;
const floats = fc.float({ noNaN: true });

/** The bytes at another offset of a Buffer, as gRPC hands them out. */
function moved(bytes: Uint8Array, offset: number): Buffer {
  const memory = Buffer.alloc(offset + bytes.length, 0xee);
  memory.set(bytes, offset);
  return memory.subarray(offset);
}

describe('values as f32', () => {
  it('come back bit for bit at any alignment', () => {
    fc.assert(
      fc.property(fc.array(fc.float()), fc.nat(7), (numbers, offset) => {
        const values = Float32Array.from(numbers);
        const wire = moved(encodeValues(values, F32), offset);
        expect(decodeValues(wire, F32)).toEqual(values);
        expect(decodeValues(wire, ValueEncoding.UNSPECIFIED)).toEqual(values);
        expect(floatsFromBytes(wire)).toEqual(values);
      }),
    );
  });

  it('are refused when truncated', () => {
    expect(() => decodeValues(new Uint8Array(6), F32)).toThrow('6 bytes is not a multiple of 4');
    expect(() => u32FromBytes(new Uint8Array(7))).toThrow(RangeError);
  });
});

describe('values as f16', () => {
  it('give the values of the standard', () => {
    const halves = Uint16Array.of(
      0x0000,
      0x8000,
      0x0001,
      0x03ff,
      0x0400,
      0x3555,
      0x3c00,
      0xc000,
      0x7bff,
      0x7c00,
      0xfc00,
    );
    const values = decodeValues(bytesOf(halves), F16);
    expect([...values]).toEqual([
      0,
      -0,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      0.333251953125,
      1,
      -2,
      65504,
      Infinity,
      -Infinity,
    ]);
    expect(encodeValues(values, F16)).toEqual(bytesOf(halves));
  });

  it('come back as they were, for all 65,536 of them', () => {
    const halves = Uint16Array.from({ length: 65_536 }, (_, half) => half);
    const again = encodeValues(decodeValues(bytesOf(halves), F16), F16);
    const read = new Uint16Array(again.buffer, again.byteOffset, again.length / 2);
    const isNaNHalf = (half: number) => (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0;
    expect([...read].filter((half, i) => half !== i && !(isNaNHalf(i) && isNaNHalf(half)))).toEqual([]);
  });

  it('are rounded to the nearest, ties to even', () => {
    const near = fc
      .tuple(fc.integer({ min: 0, max: 0x7bff }), fc.constantFrom(0.25, 0.5, 0.75))
      .map(([half, part]) => {
        const [low, high] = decodeValues(bytesOf(Uint16Array.of(half, half + 1)), F16);
        return high === Infinity ? low! : low! + (high! - low!) * part;
      });
    fc.assert(
      fc.property(fc.oneof(floats, near), (number) => {
        const [rounded] = decodeValues(encodeValues(Float32Array.of(number), F16), F16);
        expect(rounded).toBe(f16round(Math.fround(number)));
      }),
      { numRuns: 3000 },
    );
  });

  it('come back at any alignment', () => {
    const wire = encodeValues(Float32Array.of(1, -2.5, 0), F16);
    for (let offset = 0; offset < 4; offset++) {
      expect([...decodeValues(moved(wire, offset), F16)]).toEqual([1, -2.5, 0]);
    }
  });

  it('are refused when truncated', () => {
    expect(() => decodeValues(new Uint8Array(3), F16)).toThrow('3 bytes is not a multiple of 2');
  });
});
