// The rows of one call's keys, in order, each found as one word: its place and its stripe.
import { fmix64, keyCount, mixed, type PackedKeys } from '@weir/proto';
import { STRIPE_COUNT } from './layout.ts';
import { ABSENT, type Stripe, stripeOfMixed } from './stripe.ts';

/** No such row, or not one to update. */
export const NONE = 0xffff_ffff;
/** A seq above every row's. */
export const ALWAYS = Number.POSITIVE_INFINITY;
const STRIPE_MASK = STRIPE_COUNT - 1;
const STRIPE_BITS = Math.log2(STRIPE_COUNT);

export const placeOf = (row: number): number => row >>> STRIPE_BITS;
export const stripeOf = (row: number): number => row & STRIPE_MASK;

export class FoundRows {
  readonly #stripes: readonly Stripe[];
  readonly #fillNewRow: (stripe: Stripe, place: number, low: number, high: number) => void;
  /** Used again by the next call. */
  #rows = new Uint32Array(256);

  /** @param fillNewRow writes weights and state of a row that was just made. */
  constructor(
    stripes: readonly Stripe[],
    fillNewRow: (stripe: Stripe, place: number, low: number, high: number) => void,
  ) {
    this.#stripes = stripes;
    this.#fillNewRow = fillNewRow;
  }

  find(keys: PackedKeys): Uint32Array {
    const rows = keyCount(keys);
    const found = this.#roomFor(rows);
    for (let i = 0; i < rows; i++) {
      const low = keys[2 * i]!;
      const high = keys[2 * i + 1]!;
      fmix64(low, high);
      const stripe = stripeOfMixed();
      const place = this.#stripes[stripe]!.find(low, high, mixed[0]!);
      found[i] = place === ABSENT ? NONE : place * STRIPE_COUNT + stripe;
    }
    return found;
  }

  /** Rows to update, made where absent; NONE for rows that have `seq` or a later one. */
  findOrAdd(keys: PackedKeys, seq: number): Uint32Array {
    const rows = keyCount(keys);
    const found = this.#roomFor(rows);
    for (let i = 0; i < rows; i++) {
      const low = keys[2 * i]!;
      const high = keys[2 * i + 1]!;
      fmix64(low, high);
      const hash = mixed[0]!;
      const number = stripeOfMixed();
      const stripe = this.#stripes[number]!;
      let place = stripe.find(low, high, hash);
      const absent = place === ABSENT;
      if (absent) {
        place = stripe.add(low, high, hash);
        this.#fillNewRow(stripe, place, low, high);
      }
      stripe.markUsed(place);
      const hasIt = !absent && seq !== ALWAYS && stripe.seqAt(place) >= seq;
      found[i] = hasIt ? NONE : place * STRIPE_COUNT + number;
    }
    return found;
  }

  #roomFor(rows: number): Uint32Array {
    if (this.#rows.length < rows) this.#rows = new Uint32Array(2 ** Math.ceil(Math.log2(rows)));
    return this.#rows;
  }
}
