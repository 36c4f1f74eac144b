// The row kernel in WebAssembly: a table over its stripes, an instance each, made when first needed. A batch is split
// by stripe, copied into each stripe's scratch area, worked on there in one call, and its weights copied out.
import { keyCount, type PackedKeys, WeirError } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import { layoutOf, type RowLayout, STRIPE_COUNT } from '../kernel/layout.ts';
import { createOptimizer, type RowOptimizer } from '../kernel/optimizers.ts';
import { assertSameRows } from '../kernel/reconfigured.ts';
import { RecordOrder } from '../kernel/record-order.ts';
import type { ChangePosition, Changes, ExpectedPages, PageId, RowTable, Stale } from '../kernel/row-table.ts';
import { scanChanges, scanStale } from './changes.ts';
import { configure, reconfigure } from './configure.ts';
import { hasRoom, makeRoom } from './room.ts';
import { gatherFlags } from './row-copies.ts';
import {
  forEachPiece,
  imagesOf,
  insertImages,
  missingKeys,
  releaseImages,
  type Stripes,
  unusedRows,
} from './spill.ts';
import type { Splitter } from './splitter.ts';
import { dirtyPages, expectPages, loadPage, readPage, rowSeqs } from './stored-pages.ts';
import type { StripeInstance } from './stripe-instance.ts';

export class WasmRowTable implements RowTable {
  #spec: TableSpec;
  readonly stateSlots: number;
  readonly #newInstance: () => StripeInstance;
  readonly #splitter: Splitter;
  #optimizer: RowOptimizer;
  readonly #layout: RowLayout;
  readonly #table: Stripes;
  readonly #stripes: (StripeInstance | undefined)[] = new Array(STRIPE_COUNT).fill(undefined);
  readonly #order = new RecordOrder();

  constructor(spec: TableSpec, splitter: Splitter, newInstance: () => StripeInstance) {
    this.#spec = spec;
    this.#newInstance = newInstance;
    this.#splitter = splitter;
    this.#table = {
      splitter,
      stripe: (number) => this.#stripe(number),
      full: (number) => this.#full(number),
    };
    this.#optimizer = createOptimizer(spec);
    this.stateSlots = this.#optimizer.stateSlots;
    this.#layout = layoutOf(spec.dim, this.stateSlots);
  }

  get spec(): TableSpec {
    return this.#spec;
  }

  get rows(): number {
    return this.#stripes.reduce((sum, stripe) => sum + (stripe?.kernel.rowCount() ?? 0), 0);
  }

  get bytes(): number {
    return this.#stripes.reduce((sum, stripe) => sum + (stripe?.kernel.usedBytes() ?? 0), 0);
  }

  get pageCounts(): readonly number[] {
    return this.#stripes.map((stripe) => stripe?.kernel.pageCount() ?? 0);
  }

  get seq(): number {
    return this.#order.seq;
  }

  pull(keys: PackedKeys, out: Float32Array, outOffset = 0): void {
    const { dim } = this.spec;
    const rows = keyCount(keys);
    if (outOffset + rows * dim > out.length) throw new Error(`pull: no room for ${rows} rows of dim ${dim}`);
    this.#splitter.split(keys);
    const { starts } = this.#splitter;
    const values = this.#splitter.rows(rows * dim);
    for (let s = 0; s < STRIPE_COUNT; s++) {
      const from = starts[s]!;
      const to = starts[s + 1]!;
      if (from === to) continue;
      const stripe = this.#stripe(s);
      if (!stripe.holds(to - from)) throw this.#full(s);
      stripe.takeKeys(from, to);
      stripe.kernel.pull(to - from);
      stripe.giveRows(from, to, dim);
    }
    out.set(values, outOffset);
  }

  push(keys: PackedKeys, values: Float32Array, seq: number, goesOn = false): void {
    this.#order.assertNew(seq, goesOn);
    this.#apply(keys, values, seq, { replayed: false, goesOn });
  }

  replay(keys: PackedKeys, values: Float32Array, seq: number): number {
    // Why the row's current seq decides as well as the loaded one: see create-row-table.ts.
    return this.#apply(keys, values, seq, { replayed: true, goesOn: false });
  }

  remove(keys: PackedKeys, seq: number, upToSeq = seq - 1): number {
    this.#order.begin(seq);
    let removed = 0;
    forEachPiece(this.#table, keys, ({ kernel }, _stripe, _order, _from, rows) => {
      removed += kernel.remove(rows, seq, upToSeq);
    });
    return removed;
  }

  absent(keys: PackedKeys, flags?: Uint8Array): number {
    let absent = 0;
    forEachPiece(this.#table, keys, ({ kernel, words, wordsAt }, _stripe, order, from, rows) => {
      absent += kernel.absent(rows);
      if (flags !== undefined) gatherFlags(order, from, from + rows, words, wordsAt, flags);
    });
    return absent;
  }

  get fullness(): number {
    return this.#stripes.reduce((most, stripe) => Math.max(most, stripe?.kernel.fullness() ?? 0), 0);
  }

  room(newRows: number): boolean {
    return hasRoom(this.#stripes, newRows);
  }

  reconfigure(spec: TableSpec): void {
    assertSameRows(this.#spec, spec);
    this.#spec = spec;
    this.#optimizer = createOptimizer(spec);
    for (const stripe of this.#stripes) {
      if (stripe !== undefined) reconfigure(stripe.kernel, spec, this.#optimizer);
    }
  }

  pages(sinceSeq: number): Iterable<PageId> {
    return dirtyPages(this.#stripes, sinceSeq);
  }

  readPage(id: PageId): Uint8Array {
    return readPage(this.#stripe(id.stripe), this.#spec, this.#layout, id);
  }

  expectPages(stripe: number, pages: number): ExpectedPages | undefined {
    return expectPages(this.#table, this.#layout, stripe, pages);
  }

  loadPage(bytes: Uint8Array): void {
    this.#order.assertLoading();
    this.#order.loaded(loadPage(this.#table, this.#spec, this.#layout, bytes));
  }

  rowSeqs({ stripe, page }: PageId): Float64Array {
    return rowSeqs(this.#stripe(stripe), this.#layout, page);
  }

  changes(sinceSeq: number, from: ChangePosition | undefined, rowsMax: number): Changes {
    return scanChanges(this.#stripes, this.spec.dim, sinceSeq, from, rowsMax);
  }

  stale(upToSeq: number, from: ChangePosition | undefined, rowsMax: number): Stale {
    return scanStale(this.#stripes, upToSeq, from, rowsMax);
  }

  get imageWords(): number {
    return this.#layout.stride;
  }

  missing(keys: PackedKeys): PackedKeys {
    return missingKeys(this.#table, keys);
  }

  imagesOf(keys: PackedKeys, memory?: ArrayBuffer): Uint32Array {
    return imagesOf(this.#table, keys, this.#layout.stride, memory);
  }

  insert(images: Uint32Array): number {
    return insertImages(this.#table, images, this.#layout.stride);
  }

  release(images: Uint32Array): number {
    return releaseImages(this.#table, images, this.#layout.stride);
  }

  unused(rowsMax: number): PackedKeys {
    return unusedRows(this.#stripes, rowsMax);
  }

  #apply(
    keys: PackedKeys,
    values: Float32Array,
    seq: number,
    { replayed, goesOn }: { replayed: boolean; goesOn: boolean },
  ): number {
    const { dim } = this.spec;
    if (values.length !== keyCount(keys) * dim) throw new Error('values are not keys x dim');
    this.#splitter.split(keys);
    makeRoom(this.#table);
    this.#order.begin(seq, goesOn);
    const { starts } = this.#splitter;
    this.#splitter.rows(values.length).set(values);
    let updates = 0;
    for (let s = 0; s < STRIPE_COUNT; s++) {
      const from = starts[s]!;
      const to = starts[s + 1]!;
      if (from === to) continue;
      const stripe = this.#stripe(s);
      stripe.takeKeys(from, to);
      stripe.takeRows(from, to, dim);
      if (replayed) updates += stripe.kernel.replay(to - from, seq);
      else stripe.kernel.push(to - from, seq);
      stripe.refresh();
    }
    return updates;
  }

  #stripe(number: number): StripeInstance {
    let stripe = this.#stripes[number];
    if (stripe === undefined) {
      stripe = this.#newInstance();
      configure(stripe, this.spec, this.#layout, this.#optimizer);
      stripe.refresh();
      this.#stripes[number] = stripe;
    }
    return stripe;
  }

  #full(stripe: number): WeirError {
    const { name } = this.spec;
    const message = `table ${name}: the memory of its stripe ${stripe} is used up; add shards`;
    return new WeirError('TABLE_FULL', message, { table: name });
  }
}
