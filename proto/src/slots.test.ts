import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packKeys } from './keys.ts';
import { SLOT_COUNT } from './limits.ts';
import { fmix64, mixed, slotOf, slotsOf } from './slots.ts';

const WORD = 2n ** 32n;

/** MurmurHash3's finalizer as it is defined, in 64-bit integers. */
function finalizer(key: bigint): bigint {
  let k = key;
  k ^= k >> 33n;
  k = BigInt.asUintN(64, k * 0xff51afd7ed558ccdn);
  k ^= k >> 33n;
  k = BigInt.asUintN(64, k * 0xc4ceb9fe1a85ec53n);
  return k ^ (k >> 33n);
}

function fmix64Of(key: bigint): bigint {
  fmix64(Number(key % WORD), Number(key / WORD));
  return BigInt(mixed[1]!) * WORD + BigInt(mixed[0]!);
}

describe('fmix64', () => {
  it('gives the published values', () => {
    expect(fmix64Of(0n)).toBe(0n);
    expect(fmix64Of(1n)).toBe(0xb456bcfc34c2cb2cn);
    expect(fmix64Of(2n)).toBe(0x3abf2a20650683e7n);
    expect(fmix64Of(2n ** 64n - 1n)).toBe(0x64b5720b4b825f21n);
  });

  it('equals the definition in 64-bit integers for any key', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (key) => {
        expect(fmix64Of(key)).toBe(finalizer(key));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('slotOf', () => {
  it('gives the golden slots, which every process and every stored folder rely on', () => {
    const keys = [0n, 1n, 2n, 3n, 42n, 1_000_000n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];
    expect([...slotsOf(packKeys(BigUint64Array.from(keys)))]).toEqual([
      0, 721, 234, 45, 516, 272, 744, 573, 402,
    ]);
  });

  it('is the top 10 bits of the finalizer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (key) => {
        expect(slotOf(Number(key % WORD), Number(key / WORD))).toBe(Number(finalizer(key) >> 54n));
      }),
    );
  });

  it('spreads consecutive keys evenly over all slots', () => {
    const counts = new Uint32Array(SLOT_COUNT);
    for (let key = 0; key < 100 * SLOT_COUNT; key++) counts[slotOf(key, 0)]!++;
    // 100 expected, standard deviation 10.
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeLessThan(150);
  });
});
