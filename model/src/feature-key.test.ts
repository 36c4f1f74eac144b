import { xxHash64OfBytes } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { categoricalKey, crossKey, keyWords, numericKey } from './feature-key.ts';
import { hashed, xxh64 } from './xxh64.ts';

describe('xxh64', () => {
  it('equals the WebAssembly implementation for any bytes, place and seed', () => {
    const word = fc.nat(0xffffffff);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(9), word, word, (bytes, skip, low, high) => {
        const start = Math.min(skip, bytes.length);
        xxh64(bytes, start, bytes.length, low, high);
        const expected = xxHash64OfBytes(bytes.subarray(start), (BigInt(high) << 32n) | BigInt(low));
        expect((BigInt(hashed[1]!) << 32n) | BigInt(hashed[0]!)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe('feature keys', () => {
  // Changing one of these loses every trained row.
  it('keep their golden values', () => {
    expect(numericKey('')).toBe(0xef46db3751d8e999n);
    expect(numericKey('price').toString(16)).toBe('106dc98eeb6e98db');
    expect(categoricalKey('device', 'mobile').toString(16)).toBe('db91dde7dc984928');
    expect(categoricalKey('city', 'Zürich').toString(16)).toBe('b0a01b0244be79d');
    expect(categoricalKey('query', 'a value of more than thirty-two bytes').toString(16)).toBe(
      '8e4f469ebd016e98',
    );
    const parts = [categoricalKey('device', 'mobile'), categoricalKey('pos', '1')];
    expect(crossKey('device_pos', parts).toString(16)).toBe('c60889f1070043b6');
  });

  it('depend on the order of a cross and on its name', () => {
    const [a, b] = [categoricalKey('a', '1'), categoricalKey('b', '1')];
    const keys = [crossKey('x', [a, b]), crossKey('x', [b, a]), crossKey('y', [a, b])];
    expect(new Set(keys).size).toBe(3);
  });

  it('split into words', () => {
    expect(keyWords(0x123456789abcdef0n)).toEqual({ low: 0x9abcdef0, high: 0x12345678 });
  });
});
