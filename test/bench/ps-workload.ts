// Keys and gradients of the benches of the parameter server, made before the clock starts. The same seed gives the
// same load.

/** Rows of the table. */
export const ROWS = 1024 * 1024;
export const DIM = 16;
export const BATCH_ROWS = 2048;
export const ZIPF_EXPONENT = 0.99;
/** Batches that a caller keeps in flight. */
export const IN_FLIGHT = 16;
/** One of so many calls of `mixed` is a push. */
export const MIXED_CALLS = 5;

export const KEY_DISTRIBUTIONS = ['uniform', 'zipf'] as const;
export type KeyDistribution = (typeof KEY_DISTRIBUTIONS)[number];

type Random = () => number;

/** Batches of keys drawn from the table's rows. */
export function keyBatches(
  distribution: KeyDistribution,
  batches: number,
  batchRows: number,
  rows = ROWS,
  seed = 1,
): BigUint64Array[] {
  const random = generator(seed);
  const next = distribution === 'uniform' ? () => Math.floor(random() * rows) : zipf(random, rows);
  return Array.from({ length: batches }, () => {
    const keys = new Uint32Array(2 * batchRows);
    for (let i = 0; i < batchRows; i++) writeKey(keys, i, next());
    return new BigUint64Array(keys.buffer);
  });
}

/** One batch of keys by Zipf after the other, each drawn when it is asked for: no batch comes twice. */
export function zipfKeys(rows: number, seed = 1): (batchRows: number) => BigUint64Array {
  const next = zipf(generator(seed), rows);
  return (batchRows) => {
    const keys = new Uint32Array(2 * batchRows);
    for (let i = 0; i < batchRows; i++) writeKey(keys, i, next());
    return new BigUint64Array(keys.buffer);
  };
}

/** Every row's key once, in batches. */
export function allKeys(batchRows: number): BigUint64Array[] {
  return Array.from({ length: ROWS / batchRows }, (_, batch) => {
    const keys = new Uint32Array(2 * batchRows);
    for (let i = 0; i < batchRows; i++) writeKey(keys, i, batch * batchRows + i);
    return new BigUint64Array(keys.buffer);
  });
}

/** Keys of so many rows from `first` on. */
export function rowKeys(first: number, count: number): BigUint64Array {
  const keys = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) writeKey(keys, i, first + i);
  return new BigUint64Array(keys.buffer);
}

/** Batches of keys drawn uniformly from so many rows. */
export function randomKeys(rows: number): (count: number) => BigUint64Array {
  const random = generator(7);
  return (count) => {
    const keys = new Uint32Array(2 * count);
    for (let i = 0; i < count; i++) writeKey(keys, i, Math.floor(random() * rows));
    return new BigUint64Array(keys.buffer);
  };
}

/** A batch of gradients within [-1, 1). */
export function gradientBatch(seed: number, batchRows: number): Float32Array {
  const random = generator(seed);
  return Float32Array.from({ length: batchRows * DIM }, () => 2 * random() - 1);
}

/** Row number -> key: spread over the whole key space, distinct. */
function writeKey(keys: Uint32Array, at: number, row: number): void {
  keys[2 * at] = row;
  keys[2 * at + 1] = Math.imul(row + 1, 0x9e3779b1);
}

/** Ranks after Gray et al., "Quickly generating billion-record synthetic databases" (1994); rank 0 is the hottest. */
function zipf(random: Random, rows: number): () => number {
  let zeta = 0;
  for (let rank = 1; rank <= rows; rank++) zeta += rank ** -ZIPF_EXPONENT;
  const zeta2 = 1 + 2 ** -ZIPF_EXPONENT;
  const alpha = 1 / (1 - ZIPF_EXPONENT);
  const eta = (1 - (2 / rows) ** (1 - ZIPF_EXPONENT)) / (1 - zeta2 / zeta);
  return () => {
    const u = random();
    if (u * zeta < 1) return 0;
    if (u * zeta < zeta2) return 1;
    return Math.min(rows - 1, Math.floor(rows * (eta * u - eta + 1) ** alpha));
  };
}

/** mulberry32 (Tommy Ettinger, public domain): enough for a load. */
function generator(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
