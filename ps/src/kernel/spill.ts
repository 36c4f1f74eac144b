// Rows that leave a table's memory and come back, by key; see RowTable.
import { keyCount, type PackedKeys } from '@weir/proto';
import { type RowLayout, SCAN_ROWS_MAX, SEQ_AT } from './layout.ts';
import { ABSENT, forEachKey, type Stripe } from './stripe.ts';

export function missingKeys(stripes: readonly Stripe[], keys: PackedKeys): PackedKeys {
  const missing: number[] = [];
  forEachKey(stripes, keys, (i, _stripe, place) => {
    if (place === ABSENT) missing.push(keys[2 * i]!, keys[2 * i + 1]!);
  });
  return Uint32Array.from(missing);
}

export function imagesOf(
  stripes: readonly Stripe[],
  { stride }: RowLayout,
  keys: PackedKeys,
  memory?: ArrayBuffer,
): Uint32Array {
  const images = zeros(keyCount(keys) * stride, memory);
  forEachKey(stripes, keys, (i, stripe, place) => {
    if (place !== ABSENT) images.set(stripe.rowWords(place), i * stride);
  });
  return images;
}

export function insertImages(stripes: readonly Stripe[], { stride }: RowLayout, images: Uint32Array): number {
  let inserted = 0;
  const keys = keysOfImages(images, stride);
  forEachKey(stripes, keys, (i, stripe, found, hash) => {
    if (found !== ABSENT) return;
    const place = stripe.add(keys[2 * i]!, keys[2 * i + 1]!, hash);
    stripe.rowWords(place).set(images.subarray(i * stride, (i + 1) * stride));
    stripe.markPage(place, stripe.seqAt(place));
    inserted++;
  });
  return inserted;
}

export function releaseImages(
  stripes: readonly Stripe[],
  { stride }: RowLayout,
  images: Uint32Array,
): number {
  let released = 0;
  const seqs = seqsOfImages(images);
  forEachKey(stripes, keysOfImages(images, stride), (i, stripe, place, hash) => {
    if (place === ABSENT || stripe.seqAt(place) !== seqs[(i * stride) / 2 + SEQ_AT]) return;
    stripe.remove(place, hash);
    released++;
  });
  return released;
}

/** See RowTable.unused. */
export function unusedRows(stripes: readonly Stripe[], rowsMax: number): PackedKeys {
  const keys: number[] = [];
  const shares = leavingShares(
    stripes.map(({ rows }) => rows),
    rowsMax,
  );
  for (const [s, share] of shares.entries()) stripes[s]!.sweep(keys, share, SCAN_ROWS_MAX);
  return Uint32Array.from(keys);
}

/**
 * How many of `rowsMax` rows each stripe is to give, so that those that have most come down to the same number. Memory
 * never shrinks, so each stripe takes what its largest number of rows took: were one emptied while the others grow, the
 * table would take up to twice its rows.
 */
export function leavingShares(rows: readonly number[], rowsMax: number): number[] {
  const shares = rows.map(() => 0);
  const fullest = rows.map((_, stripe) => stripe).sort((a, b) => rows[b]! - rows[a]! || a - b);
  let left = rowsMax;
  for (let among = 1; among <= fullest.length && left > 0; among++) {
    // The first `among` stripes have come down to the same number; the next goal is what the one behind them has.
    const level = rows[fullest[among - 1]!]!;
    const drop = Math.min((level - (rows[fullest[among]!] ?? 0)) * among, left);
    for (let i = 0; i < among; i++) {
      shares[fullest[i]!]! += Math.floor(drop / among) + (i < drop % among ? 1 : 0);
    }
    left -= drop;
  }
  return shares;
}

/** Images as f64: of the one that begins at word `at`, the seq is at `at / 2 + SEQ_AT`. */
export function seqsOfImages(images: Uint32Array): Float64Array {
  return new Float64Array(images.buffer, images.byteOffset, images.length / 2);
}

/** So many words, in this memory if there is one. */
export function zeros(words: number, memory: ArrayBuffer | undefined): Uint32Array {
  return memory === undefined ? new Uint32Array(words) : new Uint32Array(memory, 0, words).fill(0);
}

export function keysOfImages(images: Uint32Array, stride: number): PackedKeys {
  const keys = new Uint32Array((2 * images.length) / stride);
  for (let i = 0; i < keys.length / 2; i++) {
    keys[2 * i] = images[i * stride]!;
    keys[2 * i + 1] = images[i * stride + 1]!;
  }
  return keys;
}
