// Rows that leave a table's memory and come back, by key; see RowTable.
import { keyCount, type PackedKeys } from '@weir/proto';
import { type RowLayout, SCAN_ROWS_MAX, SEQ_AT, STRIPE_COUNT } from './layout.ts';
import { ABSENT, forEachKey, type Stripe } from './stripe.ts';

export function missingKeys(stripes: readonly Stripe[], keys: PackedKeys): PackedKeys {
  const missing: number[] = [];
  forEachKey(stripes, keys, (i, _stripe, place) => {
    if (place === ABSENT) missing.push(keys[2 * i]!, keys[2 * i + 1]!);
  });
  return Uint32Array.from(missing);
}

export function imagesOf(stripes: readonly Stripe[], { stride }: RowLayout, keys: PackedKeys): Uint32Array {
  const images = new Uint32Array(keyCount(keys) * stride);
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
  const seqs = new Float64Array(images.buffer, images.byteOffset, images.length / 2);
  forEachKey(stripes, keysOfImages(images, stride), (i, stripe, place, hash) => {
    if (place === ABSENT || stripe.seqAt(place) !== seqs[(i * stride) / 2 + SEQ_AT]) return;
    stripe.remove(place, hash);
    released++;
  });
  return released;
}

/** The hand of the clock over all stripes of a table. */
export class ClockHand {
  #stripe = 0;

  /** See RowTable.unused. */
  sweep(stripes: readonly Stripe[], rowsMax: number): PackedKeys {
    const keys: number[] = [];
    // Each stripe's turn comes at most once a call, so that no row is named twice.
    for (let turn = 0; turn < STRIPE_COUNT && keys.length < 2 * rowsMax; turn++) {
      const wanted = rowsMax - keys.length / 2;
      const through = stripes[this.#stripe]!.sweep(keys, wanted, SCAN_ROWS_MAX);
      if (through) this.#stripe = (this.#stripe + 1) % STRIPE_COUNT;
    }
    return Uint32Array.from(keys);
  }
}

export function keysOfImages(images: Uint32Array, stride: number): PackedKeys {
  const keys = new Uint32Array((2 * images.length) / stride);
  for (let i = 0; i < keys.length / 2; i++) {
    keys[2 * i] = images[i * stride]!;
    keys[2 * i + 1] = images[i * stride + 1]!;
  }
  return keys;
}
