import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { xxHash64, xxHash64OfBytes } from './hash.ts';

describe('xxHash64', () => {
  it('gives the published values', () => {
    expect(xxHash64('')).toBe(0xef46db3751d8e999n);
    expect(xxHash64('a')).toBe(0xd24ec4f1a98c6e5bn);
    expect(xxHash64('abc')).toBe(0x44bc2cf5ad770999n);
    expect(xxHash64('Nobody inspects the spammish repetition')).toBe(0xfbcea83c8a378bf1n);
    expect(xxHash64('', 1n)).toBe(0xd5afba1336a3be4bn);
  });

  it('is the hash of the UTF-8 bytes, for any text and seed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (text, seed) => {
          expect(xxHash64(text, seed)).toBe(xxHash64OfBytes(new TextEncoder().encode(text), seed));
        },
      ),
    );
  });

  it('depends on the seed', () => {
    expect(xxHash64('price', 1n)).not.toBe(xxHash64('price', 2n));
  });
});
