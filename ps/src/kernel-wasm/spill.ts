// Rows that leave a table's memory and come back, by key: their words copied out of the stripes' memories and into them.
import { keyCount, type PackedKeys } from '@weir/proto';
import { SCAN_ROWS_MAX, SEQ_AT, STRIPE_COUNT } from '../kernel/layout.ts';
import { keysOfImages, leavingShares, zeros } from '../kernel/spill.ts';
import { type KernelInstance, SCRATCH_ROWS_MIN } from './kernel-instance.ts';
import type { Splitter } from './splitter.ts';
import type { StripeInstance } from './stripe-instance.ts';

/** What these functions need of a table. */
export interface Stripes {
  readonly splitter: Splitter;
  /** Makes a stripe that is not there yet. */
  stripe(number: number): StripeInstance;
  /** The error when a stripe has no room. */
  full(number: number): Error;
}

/** Some keys of one stripe, which stand in its scratch area: `order[from..from + rows)` are their numbers. */
type Visit = (stripe: KernelInstance, number: number, order: Uint32Array, from: number, rows: number) => void;

/** Few keys at a time, since the scratch area has room for weights too, of which there may be none left. */
export function forEachPiece(table: Stripes, keys: PackedKeys, visit: Visit): void {
  const order = table.splitter.split(keys);
  const starts = table.splitter.starts.slice();
  for (let s = 0; s < STRIPE_COUNT; s++) {
    for (let from = starts[s]!; from < starts[s + 1]!; from += SCRATCH_ROWS_MIN) {
      const rows = Math.min(SCRATCH_ROWS_MIN, starts[s + 1]! - from);
      const stripe = table.stripe(s);
      if (!stripe.holds(rows)) throw new Error('no memory for a scratch area');
      stripe.takeKeys(from, from + rows);
      visit(stripe, s, order, from, rows);
    }
  }
}

/** See RowTable.missing. */
export function missingKeys(table: Stripes, keys: PackedKeys): PackedKeys {
  const absent = new Uint8Array(keyCount(keys));
  let count = 0;
  forEachPiece(table, keys, (stripe, _number, order, from, rows) => {
    stripe.kernel.locateRows(rows);
    for (let i = 0; i < rows; i++) {
      if (stripe.words[stripe.wordsAt + i] !== 0) continue;
      absent[order[from + i]!] = 1;
      count++;
    }
  });
  const missing = new Uint32Array(2 * count);
  for (let i = 0, at = 0; i < absent.length; i++) {
    if (absent[i] === 0) continue;
    missing[at++] = keys[2 * i]!;
    missing[at++] = keys[2 * i + 1]!;
  }
  return missing;
}

/** See RowTable.imagesOf. */
export function imagesOf(
  table: Stripes,
  keys: PackedKeys,
  stride: number,
  memory?: ArrayBuffer,
): Uint32Array {
  const images = zeros(keyCount(keys) * stride, memory);
  forEachPiece(table, keys, ({ kernel, words, wordsAt }, _number, order, from, rows) => {
    kernel.locateRows(rows);
    for (let i = 0; i < rows; i++) {
      const at = words[wordsAt + i]! >>> 2;
      if (at === 0) continue;
      const to = order[from + i]! * stride;
      for (let j = 0; j < stride; j++) images[to + j] = words[at + j]!;
    }
  });
  return images;
}

/** See RowTable.insert. */
export function insertImages(table: Stripes, images: Uint32Array, stride: number): number {
  let inserted = 0;
  forEachPiece(table, keysOfImages(images, stride), (stripe, number, order, from, rows) => {
    const { kernel } = stripe;
    if (kernel.roomForLogged(rows) === 0) throw table.full(number);
    kernel.insertKeys(rows);
    stripe.refresh();
    const { words, wordsAt } = stripe;
    for (let i = 0; i < rows; i++) {
      const at = words[wordsAt + i]! >>> 2;
      if (at === 0) continue;
      const image = order[from + i]! * stride;
      for (let j = 0; j < stride; j++) words[at + j] = images[image + j]!;
      inserted++;
    }
    kernel.markInserted(rows);
  });
  return inserted;
}

/** See RowTable.release. */
export function releaseImages(table: Stripes, images: Uint32Array, stride: number): number {
  let released = 0;
  forEachPiece(
    table,
    keysOfImages(images, stride),
    ({ kernel, words, wordsAt, keysAt }, _n, order, from, rows) => {
      kernel.locateRows(rows);
      let kept = 0;
      for (let i = 0; i < rows; i++) {
        const at = words[wordsAt + i]! >>> 2;
        const image = order[from + i]! * stride;
        const seq = 2 * SEQ_AT;
        if (
          at === 0 ||
          words[at + seq] !== images[image + seq] ||
          words[at + seq + 1] !== images[image + seq + 1]
        ) {
          continue;
        }
        words[keysAt + 2 * kept] = images[image]!;
        words[keysAt + 2 * kept + 1] = images[image + 1]!;
        kept++;
      }
      kernel.freeKeys(kept);
      released += kept;
    },
  );
  return released;
}

/** See RowTable.unused. */
export function unusedRows(stripes: readonly (KernelInstance | undefined)[], rowsMax: number): PackedKeys {
  const keys = new Uint32Array(2 * rowsMax);
  const shares = leavingShares(
    stripes.map((stripe) => stripe?.kernel.rowCount() ?? 0),
    rowsMax,
  );
  let count = 0;
  for (const [s, share] of shares.entries()) if (share > 0) count += sweep(stripes[s]!, share, keys, count);
  return keys.slice(0, 2 * count);
}

/** Keys of at most `share` rows, from the number `at` on; returns how many. Ends behind the stripe's last place, so that none is named twice. */
function sweep(stripe: KernelInstance, share: number, keys: Uint32Array, at: number): number {
  const { kernel } = stripe;
  if (!stripe.holds(SCRATCH_ROWS_MIN)) throw new Error('no memory for a scratch area');
  let seen = 0;
  let count = 0;
  do {
    const before = kernel.handPlace();
    const found = kernel.sweep(Math.min(SCRATCH_ROWS_MIN, share - count), SCAN_ROWS_MAX - seen);
    keys.set(stripe.words.subarray(stripe.keysAt, stripe.keysAt + 2 * found), 2 * (at + count));
    count += found;
    seen += kernel.handPlace() - before;
  } while (kernel.handPlace() !== 0 && count < share && seen < SCAN_ROWS_MAX);
  return count;
}
