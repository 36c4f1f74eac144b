import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, copied, keyCount, keysFromBytes, packKeys, unpackKeys } from './keys.ts';

const keyArrays = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 50 });

describe('packed keys', () => {
  it('are little-endian, low word first', () => {
    const keys = packKeys(BigUint64Array.of(0x0102030405060708n));
    expect([...keys]).toEqual([0x05060708, 0x01020304]);
    expect([...bytesOf(keys)]).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('come back from the wire as they were, aligned or not, in a Uint8Array or a Buffer', () => {
    fc.assert(
      fc.property(keyArrays, fc.nat(9), fc.boolean(), (keys, offset, asBuffer) => {
        const wire = bytesOf(packKeys(BigUint64Array.from(keys)));
        const memory = asBuffer
          ? Buffer.alloc(offset + wire.length, 0xee)
          : new Uint8Array(offset + wire.length);
        memory.set(wire, offset);
        const read = keysFromBytes(memory.subarray(offset));
        expect(keyCount(read)).toBe(keys.length);
        expect([...unpackKeys(read)]).toEqual(keys);
      }),
    );
  });

  it('are a view where the bytes are aligned', () => {
    const wire = new Uint8Array(16);
    const keys = keysFromBytes(wire);
    wire[0] = 7;
    expect(keys[0]).toBe(7);
  });

  it('are refused when an array is truncated', () => {
    expect(() => keysFromBytes(new Uint8Array(12))).toThrow(RangeError);
    expect(() => keysFromBytes(new Uint8Array(12))).toThrow('12 bytes is not a multiple of 8');
  });
});

describe('copied', () => {
  it('shares no memory with a Buffer', () => {
    const buffer = Buffer.from([1, 2, 3]);
    const copy = copied(buffer);
    buffer[0] = 9;
    expect([...copy]).toEqual([1, 2, 3]);
    expect(copy.buffer.byteLength).toBe(3);
  });
});
