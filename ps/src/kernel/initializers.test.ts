import { InitializerKind } from '@weir/proto/v1/tables';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../kernel-wasm/test-kernels.ts';
import { keysOf, OPTIMIZERS, type TestTable, testTable } from './test-tables.ts';

describe.each(KERNELS)('%s kernel', (_kernel, createRowTable) => {
  const { UNIFORM, NORMAL, CONSTANT, ZERO } = InitializerKind;
  const EPSILON = 2 ** -24;
  const key = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const seed = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const moderate = fc.float({ min: -1000, max: 1000, noNaN: true });

  /** What a pull of unknown keys returns. */
  function initialOf(table: TestTable, keys: readonly bigint[]): Float32Array {
    const spec = testTable(table);
    const words = new Uint32Array(BigUint64Array.from(keys).buffer);
    const out = new Float32Array(keys.length * spec.dim);
    createRowTable(spec).pull(words, out);
    return out;
  }

  // The random words of (seed, key), a second time, in 64-bit integers.
  const u32 = (value: bigint) => BigInt.asUintN(32, value);
  const u64 = (value: bigint) => BigInt.asUintN(64, value);

  function fmix64(k0: bigint): bigint {
    let k = k0 ^ (k0 >> 33n);
    k = u64(k * 0xff51afd7ed558ccdn);
    k ^= k >> 33n;
    k = u64(k * 0xc4ceb9fe1a85ec53n);
    return k ^ (k >> 33n);
  }

  function mix32(x0: bigint): bigint {
    let x = x0 ^ (x0 >> 16n);
    x = u32(x * 0x7feb352dn);
    x ^= x >> 15n;
    x = u32(x * 0x846ca68bn);
    return x ^ (x >> 16n);
  }

  function draw(tableSeed: number, rowKey: bigint, number: number): number {
    const row = fmix64(rowKey ^ fmix64(BigInt(tableSeed) ^ 0x9e3779b9n));
    const stepped = u32(u32(row) + BigInt(number) * 0x9e3779b9n);
    return Number(mix32(mix32(stepped) ^ (row >> 32n)));
  }

  describe('initializers', () => {
    it('zero and constant give every component that value', () => {
      expect([...initialOf({ initializer: { kind: ZERO } }, [1n, 2n])]).toEqual([0, 0, 0, 0]);
      const constant = { dim: 3, initializer: { kind: CONSTANT, value: 0.1 } };
      expect([...initialOf(constant, [5n])]).toEqual(new Array(3).fill(Math.fround(0.1)));
    });

    it('uniform agrees with its float64 reference to two roundings and stays in [low, high)', () => {
      fc.assert(
        fc.property(seed, key, moderate, moderate, (tableSeed, rowKey, a, b) => {
          fc.pre(a !== b);
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          const got = initialOf({ dim: 5, seed: tableSeed, initializer: { kind: UNIFORM, low, high } }, [
            rowKey,
          ]);
          for (let i = 0; i < 5; i++) {
            const exact = low + (high - low) * (Math.floor(draw(tableSeed, rowKey, i) / 256) / 2 ** 24);
            const tolerance = 3 * EPSILON * (Math.abs(low) + Math.abs(high)) + 2 ** -140;
            expect(Math.abs(got[i]! - exact)).toBeLessThanOrEqual(tolerance);
            expect(got[i]).toBeGreaterThanOrEqual(low);
            expect(got[i]).toBeLessThan(high);
          }
        }),
      );
    });

    it('uniform stays below `high` where the two are neighbours', () => {
      const keys = Array.from({ length: 200 }, (_, i) => BigInt(i));
      for (const [low, high] of [
        [1, 1 + 2 ** -23],
        [-(2 ** -149), 0],
        [-1 - 2 ** -23, -1],
      ] as const) {
        const got = initialOf({ initializer: { kind: UNIFORM, low, high } }, keys);
        expect(new Set(got)).toEqual(new Set([low]));
      }
    });

    it('normal agrees with its float64 reference, 12 uniforms added up, to two roundings', () => {
      const deviation = fc.float({ min: Math.fround(1e-3), max: 1000, noNaN: true });
      fc.assert(
        fc.property(seed, key, moderate, deviation, (tableSeed, rowKey, mean, standardDeviation) => {
          const initializer = { kind: NORMAL, mean, standardDeviation };
          const got = initialOf({ dim: 3, seed: tableSeed, initializer }, [rowKey]);
          for (let i = 0; i < 3; i++) {
            let z = -6;
            for (let j = 0; j < 6; j++) {
              const word = draw(tableSeed, rowKey, 6 * i + j);
              z += ((word % 65_536) + 0.5) / 65_536 + (Math.floor(word / 65_536) + 0.5) / 65_536;
            }
            const tolerance = 3 * EPSILON * (Math.abs(mean) + 6 * standardDeviation);
            expect(Math.abs(got[i]! - (mean + standardDeviation * z))).toBeLessThanOrEqual(tolerance);
          }
        }),
      );
    });

    it('have the moments of their distributions', () => {
      const keys = Array.from({ length: 5000 }, (_, i) => BigInt(i));
      const momentsOf = (initializer: TestTable['initializer'] & object) => {
        const got = initialOf({ dim: 4, initializer }, keys);
        const mean = got.reduce((sum, x) => sum + x, 0) / got.length;
        const variance = got.reduce((sum, x) => sum + (x - mean) ** 2, 0) / got.length;
        const kurtosis = got.reduce((sum, x) => sum + (x - mean) ** 4, 0) / got.length / variance ** 2;
        return { mean, deviation: Math.sqrt(variance), kurtosis };
      };
      // 20,000 numbers: a standard error of 0.007 deviations for the mean, 0.035 for the kurtosis.
      const uniform = momentsOf({ kind: UNIFORM, low: -1, high: 1 });
      expect(uniform.mean).toBeCloseTo(0, 1);
      expect(uniform.deviation).toBeCloseTo(1 / Math.sqrt(3), 1);
      expect(uniform.kurtosis).toBeCloseTo(1.8, 0);
      const normal = momentsOf({ kind: NORMAL, mean: 3, standardDeviation: 2 });
      expect(Math.abs(normal.mean - 3)).toBeLessThan(0.06);
      expect(Math.abs(normal.deviation - 2)).toBeLessThan(0.06);
      // Irwin-Hall of 12 uniforms: 3 - 1.2 / 12.
      expect(Math.abs(normal.kurtosis - 2.9)).toBeLessThan(0.2);
    });

    it('differ by key, component and seed, and not by dim', () => {
      const initializer = { kind: UNIFORM, low: 0, high: 1 };
      const keys = Array.from({ length: 100 }, (_, i) => BigInt(i) << 32n);
      const values = new Set(initialOf({ dim: 10, initializer }, keys));
      expect(values.size).toBeGreaterThan(990);
      for (const value of initialOf({ dim: 10, seed: 2 ** 40, initializer }, keys)) values.add(value);
      expect(values.size).toBeGreaterThan(1980);
      expect(initialOf({ dim: 10, initializer }, [9n]).subarray(0, 4)).toEqual(
        initialOf({ dim: 4, initializer }, [9n]),
      );
    });

    it('are what the first update of a row starts from', () => {
      const spec = testTable({
        dim: 3,
        optimizer: OPTIMIZERS.sum,
        initializer: { kind: NORMAL, standardDeviation: 1 },
      });
      const table = createRowTable(spec);
      const [before, after] = [new Float32Array(3), new Float32Array(3)];
      table.pull(keysOf(11), before);
      expect(table.rows).toBe(0);
      table.push(keysOf(11), new Float32Array(3), 1);
      table.pull(keysOf(11), after);
      expect(table.rows).toBe(1);
      expect(after).toEqual(before);
    });
  });
});
