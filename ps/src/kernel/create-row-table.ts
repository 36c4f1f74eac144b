// The row kernel in plain TypeScript: a table over its stripes. Every call first finds all its rows, then touches
// them: look-ups do not wait for each other, and what a record finds does not depend on what it changes.
import { fmix64, keyCount, mixed, type PackedKeys } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import { scanChanges, scanStale } from './changes.ts';
import { createInitializer } from './initializers.ts';
import { layoutOf, PLACES_MAX, SEQ_AT, STRIPE_COUNT, WEIGHTS_AT } from './layout.ts';
import { createOptimizer, type RowOptimizer } from './optimizers.ts';
import { corruptPage, decodePage, encodePage } from './page.ts';
import { assertSameRows } from './reconfigured.ts';
import type { ChangePosition, Changes, PageId, RowTable, Stale } from './row-table.ts';
import { ClockHand, evictImages, imagesOf, insertImages, missingKeys } from './spill.ts';
import { ABSENT, Stripe, stripeOfMixed } from './stripe.ts';

/** In the list of found rows: no such row, or not one to update. */
const NONE = 0xffff_ffff;
/** A seq above every row's. */
const ALWAYS = Number.POSITIVE_INFINITY;
const STRIPE_MASK = STRIPE_COUNT - 1;
const STRIPE_BITS = Math.log2(STRIPE_COUNT);

/** An empty table. @throws WeirError UNIMPLEMENTED for an optimizer that is not built. */
export function createTypeScriptTable(spec: TableSpec): RowTable {
  return new SlabRowTable(spec);
}

class SlabRowTable implements RowTable {
  #spec: TableSpec;
  readonly stateSlots: number;
  #optimizer: RowOptimizer;
  readonly #initialize;
  readonly #layout;
  readonly #stripes: readonly Stripe[];
  /** Of the keys of the current call, in order: place and stripe, or NONE. */
  #found = new Uint32Array(256);
  #seq = 0;
  /** Seq of the last push or replay. */
  #recordSeq = 0;
  readonly #hand = new ClockHand();

  constructor(spec: TableSpec) {
    this.#spec = spec;
    this.#optimizer = createOptimizer(spec);
    this.#initialize = createInitializer(spec);
    this.stateSlots = this.#optimizer.stateSlots;
    const layout = layoutOf(spec.dim, this.stateSlots);
    this.#layout = layout;
    this.#stripes = Array.from({ length: STRIPE_COUNT }, () => new Stripe(layout));
  }

  get spec(): TableSpec {
    return this.#spec;
  }

  get rows(): number {
    return this.#stripes.reduce((sum, stripe) => sum + stripe.rows, 0);
  }

  get bytes(): number {
    return this.#stripes.reduce((sum, stripe) => sum + stripe.bytes, 0);
  }

  get pageCounts(): readonly number[] {
    return this.#stripes.map(({ pageSeqs }) => pageSeqs.length);
  }

  get seq(): number {
    return this.#seq;
  }

  pull(keys: PackedKeys, out: Float32Array, outOffset = 0): void {
    const rows = keyCount(keys);
    const { dim, stride, chunkShift } = this.#layout;
    if (outOffset + rows * dim > out.length) throw new Error(`pull: no room for ${rows} rows of dim ${dim}`);
    const found = this.#find(keys, rows);
    const chunkMask = (1 << chunkShift) - 1;
    for (let i = 0; i < rows; i++) {
      const row = found[i]!;
      const to = outOffset + i * dim;
      if (row === NONE) {
        this.#initialize(keys[2 * i]!, keys[2 * i + 1]!, out, to);
        continue;
      }
      const place = row >>> STRIPE_BITS;
      const stripe = this.#stripes[row & STRIPE_MASK]!;
      stripe.markUsed(place);
      const chunk = stripe.floats[place >>> chunkShift]!;
      const at = (place & chunkMask) * stride + WEIGHTS_AT;
      for (let j = 0; j < dim; j++) out[to + j] = chunk[at + j]!;
    }
  }

  push(keys: PackedKeys, values: Float32Array, seq: number, goesOn = false): void {
    // Else a later recovery would take this record for one that a loaded row has already.
    if (!(seq > this.#seq || goesOn)) throw new Error(`push: seq ${seq} does not rise above ${this.#seq}`);
    this.#checkValues(keys, values);
    this.#startRecord(seq, goesOn);
    this.#update(this.#findOrAdd(keys, ALWAYS), values, keyCount(keys), seq);
  }

  replay(keys: PackedKeys, values: Float32Array, seq: number): number {
    this.#checkValues(keys, values);
    this.#startRecord(seq);
    // The rule is "a record applies to a row iff its seq is above that with which the row was loaded". The row's
    // current seq, read before the record changes anything, decides the same: either no record has applied since
    // the load, and it is the loaded seq; or an earlier one has, which was above the loaded seq and below this one,
    // and this one applies by both. Hence all updates of a row within one record go together.
    return this.#update(this.#findOrAdd(keys, seq), values, keyCount(keys), seq);
  }

  remove(keys: PackedKeys, seq: number, upToSeq = seq - 1): number {
    this.#startRecord(seq);
    const rows = keyCount(keys);
    const before = this.rows;
    for (let i = 0; i < rows; i++) {
      const low = keys[2 * i]!;
      const high = keys[2 * i + 1]!;
      fmix64(low, high);
      const hash = mixed[0]!;
      const stripe = this.#stripes[stripeOfMixed()]!;
      const place = stripe.find(low, high, hash);
      if (place === ABSENT || stripe.seqAt(place) > upToSeq) continue;
      stripe.leave(place, hash);
      stripe.free(place);
      stripe.markPage(place, seq);
    }
    return before - this.rows;
  }

  absent(keys: PackedKeys, flags?: Uint8Array): number {
    const rows = keyCount(keys);
    const found = this.#find(keys, rows);
    let absent = 0;
    for (let i = 0; i < rows; i++) {
      const gone = found[i] === NONE ? 1 : 0;
      if (flags !== undefined) flags[i] = gone;
      absent += gone;
    }
    return absent;
  }

  get fullness(): number {
    return this.#stripes.reduce((most, { rows }) => Math.max(most, rows / PLACES_MAX), 0);
  }

  room(newRows: number): boolean {
    return this.#stripes.every(({ rows }) => rows + newRows <= PLACES_MAX);
  }

  reconfigure(spec: TableSpec): void {
    assertSameRows(this.spec, spec);
    this.#spec = spec;
    this.#optimizer = createOptimizer(spec);
  }

  *pages(sinceSeq: number): Iterable<PageId> {
    for (const [stripe, { pageSeqs }] of this.#stripes.entries()) {
      for (let page = 0; page < pageSeqs.length; page++) {
        if (pageSeqs[page]! > sinceSeq) yield { stripe, page };
      }
    }
  }

  readPage({ stripe, page }: PageId): Uint8Array {
    const { stride } = this.#layout;
    const slab = this.#stripes[stripe]!;
    const rows = slab.extentOf(page);
    const words = slab.pageWords(page).subarray(0, rows * stride);
    return encodePage(this.spec.uid, { stripe, page, rows, stride, seq: slab.pageSeqs[page]!, words });
  }

  expectPages(): undefined {
    return undefined;
  }

  loadPage(bytes: Uint8Array): void {
    if (this.#recordSeq !== 0) throw new Error('pages are loaded before any push or replay');
    const { name, uid } = this.spec;
    const { stride, pageShift } = this.#layout;
    const { stripe: number, page, rows, seq, words, stride: storedStride } = decodePage(uid, name, bytes);
    const stripe = this.#stripes[number];
    const first = page * 2 ** pageShift;
    if (
      stripe === undefined ||
      storedStride !== stride ||
      rows > 1 << pageShift ||
      page >= PLACES_MAX >>> pageShift
    ) {
      throw corruptPage(
        name,
        `stripe ${number}, page ${page}, ${rows} rows of ${storedStride} words: no such page`,
      );
    }
    if (stripe.pageSeqs[page]) throw corruptPage(name, `stripe ${number}, page ${page} comes twice`);
    stripe.pageWords(page).set(words);
    stripe.markPage(first, seq);
    for (let row = 0; row < rows; row++) {
      if (stripe.seqAt(first + row) > 0 && !this.#enterLoaded(stripe, number, first + row)) {
        throw corruptPage(name, `stripe ${number}, page ${page}, row ${row}: its key does not belong there`);
      }
    }
    this.#seq = Math.max(this.#seq, seq);
  }

  /**
   * Where another page has the key too, it was removed from one and made again in the other, and not both were
   * stored since: the newer row stays, and the older one's page needs to be stored again.
   */
  #enterLoaded(stripe: Stripe, number: number, place: number): boolean {
    const { stride, pageShift, chunkShift } = this.#layout;
    const at = (place & ((1 << chunkShift) - 1)) * stride;
    const low = stripe.words[place >>> chunkShift]![at]!;
    const high = stripe.words[place >>> chunkShift]![at + 1]!;
    fmix64(low, high);
    const hash = mixed[0]!;
    if (stripeOfMixed() !== number) return false;
    const other = stripe.find(low, high, hash);
    stripe.take(place);
    if (other === ABSENT) {
      stripe.enter(place, hash);
      return true;
    }
    const [seq, otherSeq] = [stripe.seqAt(place), stripe.seqAt(other)];
    if (seq === otherSeq || place >>> pageShift === other >>> pageShift) return false;
    if (seq > otherSeq) {
      stripe.leave(other, hash);
      stripe.enter(place, hash);
    }
    const older = seq > otherSeq ? other : place;
    stripe.free(older);
    stripe.markPage(older, Math.max(seq, otherSeq));
    return true;
  }

  stale(upToSeq: number, from: ChangePosition | undefined, rowsMax: number): Stale {
    return scanStale(this.#stripes, this.#layout, upToSeq, from, rowsMax);
  }

  rowSeqs({ stripe, page }: PageId): Float64Array {
    const slab = this.#stripes[stripe]!;
    const first = page * 2 ** this.#layout.pageShift;
    return Float64Array.from({ length: slab.extentOf(page) }, (_, row) => slab.seqAt(first + row));
  }

  changes(sinceSeq: number, from: ChangePosition | undefined, rowsMax: number): Changes {
    return scanChanges(this.#stripes, this.#layout, sinceSeq, from, rowsMax);
  }

  #checkValues(keys: PackedKeys, values: Float32Array): void {
    if (values.length !== keyCount(keys) * this.spec.dim) throw new Error('values are not keys x dim');
  }

  get imageWords(): number {
    return this.#layout.stride;
  }

  missing(keys: PackedKeys): PackedKeys {
    return missingKeys(this.#stripes, keys);
  }

  imagesOf(keys: PackedKeys): Uint32Array {
    return imagesOf(this.#stripes, this.#layout, keys);
  }

  insert(images: Uint32Array): number {
    return insertImages(this.#stripes, this.#layout, images);
  }

  evict(images: Uint32Array): number {
    return evictImages(this.#stripes, this.#layout, images);
  }

  victims(rowsMax: number): PackedKeys {
    return this.#hand.sweep(this.#stripes, rowsMax);
  }

  #startRecord(seq: number, goesOn = false): void {
    if (goesOn && seq === this.#recordSeq) return;
    if (!(seq > this.#recordSeq))
      throw new Error(`replay: seq ${seq} does not rise above ${this.#recordSeq}`);
    this.#recordSeq = seq;
    if (seq > this.#seq) this.#seq = seq;
  }

  #find(keys: PackedKeys, rows: number): Uint32Array {
    const found = this.#roomToFind(rows);
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
  #findOrAdd(keys: PackedKeys, seq: number): Uint32Array {
    const rows = keyCount(keys);
    const found = this.#roomToFind(rows);
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
      if (!absent && seq !== ALWAYS && stripe.seqAt(place) >= seq) {
        found[i] = NONE;
        continue;
      }
      found[i] = place * STRIPE_COUNT + number;
    }
    return found;
  }

  #fillNewRow(stripe: Stripe, place: number, low: number, high: number): void {
    const { dim, stride, chunkShift } = this.#layout;
    const floats = stripe.floats[place >>> chunkShift]!;
    const at = (place & ((1 << chunkShift) - 1)) * stride + WEIGHTS_AT;
    this.#initialize(low, high, floats, at);
    floats.fill(this.#optimizer.initialState, at + dim, at + dim + this.stateSlots);
  }

  #update(found: Uint32Array, values: Float32Array, rows: number, seq: number): number {
    const { dim, stride, chunkShift } = this.#layout;
    const { update } = this.#optimizer;
    const chunkMask = (1 << chunkShift) - 1;
    let updates = 0;
    for (let i = 0; i < rows; i++) {
      const row = found[i]!;
      if (row === NONE) continue;
      const stripe = this.#stripes[row & STRIPE_MASK]!;
      const place = row >>> STRIPE_BITS;
      const at = (place & chunkMask) * stride;
      const chunk = place >>> chunkShift;
      update(stripe.floats[chunk]!, at + WEIGHTS_AT, values, i * dim);
      stripe.seqs[chunk]![at / 2 + SEQ_AT] = seq;
      stripe.markPage(place, seq);
      updates++;
    }
    return updates;
  }

  #roomToFind(rows: number): Uint32Array {
    if (this.#found.length < rows) this.#found = new Uint32Array(2 ** Math.ceil(Math.log2(rows)));
    return this.#found;
  }
}
