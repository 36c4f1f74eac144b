// What a key's weights are before its first update: a pure function of (table seed, key), of integer and basic IEEE
// operations alone, so that every process and every kernel computes the same bits.
import { fmix64, mixed } from '@weir/proto';
import { InitializerKind, type TableSpec } from '@weir/proto/v1/tables';

/** Writes the key's `dim` initial weights to `out` from `at` on. */
export type Initializer = (low: number, high: number, out: Float32Array, at: number) => void;

/** 2^32 divided by the golden ratio: steps that spread a counter over 32 bits. */
const GOLDEN = 0x9e3779b9;
/** The normal initializer adds 12 uniforms of 16 bits, two to a draw (Irwin-Hall: mean 6, variance 1). */
const NORMAL_DRAWS = 6;

/** An initializer as numbers, for a kernel that computes it by itself. Zero is a constant. */
export interface InitializerNumbers {
  readonly kind: 'constant' | 'uniform' | 'normal';
  /** Hash of the table's seed. */
  readonly seedLow: number;
  readonly seedHigh: number;
  /** constant: the value; uniform: low, high - low, the greatest f32 below high; normal: mean, deviation. */
  readonly parameters: readonly [number, number, number];
}

export function describeInitializer(spec: TableSpec): InitializerNumbers {
  const { low: seedLow, high: seedHigh } = mixedSeed(spec.seed);
  const { kind, value, low, high, mean, standardDeviation } = spec.initializer!;
  switch (kind) {
    case InitializerKind.UNIFORM: {
      const span = Math.fround(Math.fround(high) - Math.fround(low));
      return { kind: 'uniform', seedLow, seedHigh, parameters: [low, span, floatBelow(Math.fround(high))] };
    }
    case InitializerKind.NORMAL:
      return { kind: 'normal', seedLow, seedHigh, parameters: [mean, standardDeviation, 0] };
    default:
      return { kind: 'constant', seedLow, seedHigh, parameters: [value, 0, 0] };
  }
}

export function createInitializer(spec: TableSpec): Initializer {
  const { dim } = spec;
  const initializer = spec.initializer;
  switch (initializer?.kind) {
    case undefined:
    case InitializerKind.ZERO:
      return constant(dim, 0);
    case InitializerKind.CONSTANT:
      return constant(dim, Math.fround(initializer.value));
    case InitializerKind.UNIFORM:
      return uniform(dim, spec.seed, Math.fround(initializer.low), Math.fround(initializer.high));
    case InitializerKind.NORMAL:
      return normal(
        dim,
        spec.seed,
        Math.fround(initializer.mean),
        Math.fround(initializer.standardDeviation),
      );
    default:
      throw new Error(`table ${spec.name} has no initializer that is known: ${initializer?.kind}`);
  }
}

function constant(dim: number, value: number): Initializer {
  return (_low, _high, out, at) => {
    for (let i = at; i < at + dim; i++) out[i] = value;
  };
}

/** low + span * u with u = k / 2^24, k a whole number below 2^24; rounding never reaches `high`. */
function uniform(dim: number, seed: number, low: number, high: number): Initializer {
  const span = Math.fround(high - low);
  const highest = floatBelow(high);
  const draws = new Draws(seed);
  return (keyLow, keyHigh, out, at) => {
    draws.start(keyLow, keyHigh);
    for (let i = 0; i < dim; i++) {
      const u = (draws.at(i) >>> 8) * 2 ** -24;
      const value = Math.fround(low + Math.fround(span * u));
      out[at + i] = Math.min(value, highest);
    }
  };
}

/** mean + deviation * z, z the sum of 12 uniforms (k + 1/2) / 2^16, less 6: exact in f32, within +-6. */
function normal(dim: number, seed: number, mean: number, deviation: number): Initializer {
  const draws = new Draws(seed);
  return (keyLow, keyHigh, out, at) => {
    draws.start(keyLow, keyHigh);
    for (let i = 0; i < dim; i++) {
      let sum = NORMAL_DRAWS - NORMAL_DRAWS * 2 ** 16;
      for (let j = 0; j < NORMAL_DRAWS; j++) {
        const draw = draws.at(i * NORMAL_DRAWS + j);
        sum += (draw & 0xffff) + (draw >>> 16);
      }
      out[at + i] = Math.fround(mean + Math.fround(deviation * (sum * 2 ** -16)));
    }
  };
}

/** Random 32-bit words of a key, by their number: a hash of (seed, key), stepped and mixed. */
class Draws {
  readonly #seedLow: number;
  readonly #seedHigh: number;
  #low = 0;
  #high = 0;

  /** @param seed a whole number below 2^53. */
  constructor(seed: number) {
    const { low, high } = mixedSeed(seed);
    this.#seedLow = low;
    this.#seedHigh = high;
  }

  start(keyLow: number, keyHigh: number): void {
    fmix64((keyLow ^ this.#seedLow) >>> 0, (keyHigh ^ this.#seedHigh) >>> 0);
    this.#low = mixed[0]!;
    this.#high = mixed[1]!;
  }

  at(number: number): number {
    return mix32(mix32((this.#low + Math.imul(number, GOLDEN)) | 0) ^ this.#high) >>> 0;
  }
}

function mixedSeed(seed: number): { readonly low: number; readonly high: number } {
  fmix64(((seed >>> 0) ^ GOLDEN) >>> 0, Math.floor(seed / 2 ** 32));
  return { low: mixed[0]!, high: mixed[1]! };
}

/** lowbias32 (Chris Wellons, public domain): a bijection of 32-bit words. */
function mix32(word: number): number {
  let x = word ^ (word >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return x ^ (x >>> 16);
}

/** The largest f32 below a finite f32. */
function floatBelow(value: number): number {
  const float = new Float32Array([value]);
  const bits = new Int32Array(float.buffer);
  if (value === 0) return -(2 ** -149);
  bits[0]! += value > 0 ? -1 : 1;
  return float[0]!;
}
