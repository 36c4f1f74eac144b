// The row kernel in plain TypeScript: a table over its stripes. Every call first finds all its rows, then touches
// them: look-ups do not wait for each other, and what a record finds does not depend on what it changes.
import { keyCount, type PackedKeys } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import { scanChanges, scanStale } from './changes.ts';
import { ALWAYS, FoundRows, NONE, placeOf, stripeOf } from './found-rows.ts';
import { createInitializer } from './initializers.ts';
import { layoutOf, PLACES_MAX, SEQ_AT, STRIPE_COUNT, WEIGHTS_AT } from './layout.ts';
import { createOptimizer, type RowOptimizer } from './optimizers.ts';
import { assertSameRows } from './reconfigured.ts';
import { RecordOrder } from './record-order.ts';
import type { ChangePosition, Changes, PageId, RowTable, Stale } from './row-table.ts';
import { imagesOf, insertImages, missingKeys, releaseImages, unusedRows } from './spill.ts';
import { loadPage, readPage } from './stored-pages.ts';
import { ABSENT, forEachKey, Stripe } from './stripe.ts';

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
  readonly #found: FoundRows;
  readonly #order = new RecordOrder();

  constructor(spec: TableSpec) {
    this.#spec = spec;
    this.#optimizer = createOptimizer(spec);
    this.#initialize = createInitializer(spec);
    this.stateSlots = this.#optimizer.stateSlots;
    const layout = layoutOf(spec.dim, this.stateSlots);
    this.#layout = layout;
    this.#stripes = Array.from({ length: STRIPE_COUNT }, () => new Stripe(layout));
    this.#found = new FoundRows(this.#stripes, (stripe, place, low, high) => {
      this.#fillNewRow(stripe, place, low, high);
    });
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
    return this.#order.seq;
  }

  pull(keys: PackedKeys, out: Float32Array, outOffset = 0): void {
    const rows = keyCount(keys);
    const { dim, stride, chunkShift } = this.#layout;
    if (outOffset + rows * dim > out.length) throw new Error(`pull: no room for ${rows} rows of dim ${dim}`);
    const found = this.#found.find(keys);
    const chunkMask = (1 << chunkShift) - 1;
    for (let i = 0; i < rows; i++) {
      const row = found[i]!;
      const to = outOffset + i * dim;
      if (row === NONE) {
        this.#initialize(keys[2 * i]!, keys[2 * i + 1]!, out, to);
        continue;
      }
      const place = placeOf(row);
      const stripe = this.#stripes[stripeOf(row)]!;
      stripe.markUsed(place);
      const chunk = stripe.floats[place >>> chunkShift]!;
      const at = (place & chunkMask) * stride + WEIGHTS_AT;
      for (let j = 0; j < dim; j++) out[to + j] = chunk[at + j]!;
    }
  }

  push(keys: PackedKeys, values: Float32Array, seq: number, goesOn = false): void {
    this.#order.assertNew(seq, goesOn);
    this.#checkValues(keys, values);
    this.#order.begin(seq, goesOn);
    this.#update(this.#found.findOrAdd(keys, ALWAYS), values, keyCount(keys), seq);
  }

  replay(keys: PackedKeys, values: Float32Array, seq: number): number {
    this.#checkValues(keys, values);
    this.#order.begin(seq);
    // The rule is "a record applies to a row iff its seq is above that with which the row was loaded". The row's
    // current seq, read before the record changes anything, decides the same: either no record has applied since
    // the load, and it is the loaded seq; or an earlier one has, which was above the loaded seq and below this one,
    // and this one applies by both. Hence all updates of a row within one record go together.
    return this.#update(this.#found.findOrAdd(keys, seq), values, keyCount(keys), seq);
  }

  remove(keys: PackedKeys, seq: number, upToSeq = seq - 1): number {
    this.#order.begin(seq);
    const before = this.rows;
    forEachKey(this.#stripes, keys, (_i, stripe, place, hash) => {
      if (place === ABSENT || stripe.seqAt(place) > upToSeq) return;
      stripe.remove(place, hash);
      stripe.markPage(place, seq);
    });
    return before - this.rows;
  }

  absent(keys: PackedKeys, flags?: Uint8Array): number {
    let absent = 0;
    forEachKey(this.#stripes, keys, (i, _stripe, place) => {
      const gone = place === ABSENT ? 1 : 0;
      if (flags !== undefined) flags[i] = gone;
      absent += gone;
    });
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

  readPage(id: PageId): Uint8Array {
    return readPage(this.#stripes, this.#spec, this.#layout, id);
  }

  expectPages(): undefined {
    return undefined;
  }

  loadPage(bytes: Uint8Array): void {
    this.#order.assertLoading();
    this.#order.loaded(loadPage(this.#stripes, this.#spec, this.#layout, bytes));
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

  imagesOf(keys: PackedKeys, memory?: ArrayBuffer): Uint32Array {
    return imagesOf(this.#stripes, this.#layout, keys, memory);
  }

  insert(images: Uint32Array): number {
    return insertImages(this.#stripes, this.#layout, images);
  }

  release(images: Uint32Array): number {
    return releaseImages(this.#stripes, this.#layout, images);
  }

  unused(rowsMax: number): PackedKeys {
    return unusedRows(this.#stripes, rowsMax);
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
      const stripe = this.#stripes[stripeOf(row)]!;
      const place = placeOf(row);
      const at = (place & chunkMask) * stride;
      const chunk = place >>> chunkShift;
      update(stripe.floats[chunk]!, at + WEIGHTS_AT, values, i * dim);
      stripe.seqs[chunk]![at / 2 + SEQ_AT] = seq;
      stripe.markPage(place, seq);
      updates++;
    }
    return updates;
  }
}
