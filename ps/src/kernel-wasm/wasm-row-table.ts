// The row kernel in WebAssembly: a table over its stripes, an instance each, made when first needed. A batch is split
// by stripe, copied into each stripe's scratch area, worked on there in one call, and its weights copied out.
import { keyCount, type PackedKeys, WeirError } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import { layoutOf, PLACES_MAX, type RowLayout, SEQ_AT, STRIPE_COUNT } from '../kernel/layout.ts';
import { createOptimizer, type RowOptimizer } from '../kernel/optimizers.ts';
import { corruptPage, decodePage, encodePage } from '../kernel/page.ts';
import { assertSameRows } from '../kernel/reconfigured.ts';
import type { ChangePosition, Changes, ExpectedPages, PageId, RowTable, Stale } from '../kernel/row-table.ts';
import { scanChanges, scanStale } from './changes.ts';
import { chooseOptimizer, configure } from './configure.ts';
import type { KernelInstance } from './kernel-instance.ts';
import { gatherFlags, gatherRows, scatterKeys, scatterRows } from './row-copies.ts';
import {
  ClockHand,
  evictImages,
  forEachPiece,
  imagesOf,
  insertImages,
  missingKeys,
  type Stripes,
} from './spill.ts';
import type { Splitter } from './splitter.ts';

export class WasmRowTable implements RowTable {
  #spec: TableSpec;
  readonly stateSlots: number;
  readonly #newInstance: () => KernelInstance;
  readonly #splitter: Splitter;
  #optimizer: RowOptimizer;
  readonly #layout: RowLayout;
  readonly #pieces: Stripes;
  readonly #hand = new ClockHand();
  readonly #stripes: (KernelInstance | undefined)[] = new Array(STRIPE_COUNT).fill(undefined);
  #seq = 0;
  /** Seq of the last push or replay. */
  #recordSeq = 0;

  constructor(spec: TableSpec, splitter: Splitter, newInstance: () => KernelInstance) {
    this.#spec = spec;
    this.#newInstance = newInstance;
    this.#splitter = splitter;
    this.#pieces = { splitter, stripe: (number) => this.#stripe(number) };
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
    return this.#seq;
  }

  pull(keys: PackedKeys, out: Float32Array, outOffset = 0): void {
    const { dim } = this.spec;
    const rows = keyCount(keys);
    if (outOffset + rows * dim > out.length) throw new Error(`pull: no room for ${rows} rows of dim ${dim}`);
    const order = this.#splitter.split(keys);
    const { starts } = this.#splitter;
    for (let s = 0; s < STRIPE_COUNT; s++) {
      const from = starts[s]!;
      const to = starts[s + 1]!;
      if (from === to) continue;
      const stripe = this.#stripe(s);
      if (!stripe.holds(to - from)) throw this.#full(s);
      scatterKeys(order, from, to, keys, stripe.words, stripe.keysAt);
      stripe.kernel.pull(to - from);
      gatherRows(order, from, to, dim, stripe.floats, stripe.valuesAt, out, outOffset);
    }
  }

  push(keys: PackedKeys, values: Float32Array, seq: number, goesOn = false): void {
    // Else a later recovery would take this record for one that a loaded row has already.
    if (!(seq > this.#seq || goesOn)) throw new Error(`push: seq ${seq} does not rise above ${this.#seq}`);
    this.#apply(keys, values, seq, { replayed: false, goesOn });
  }

  replay(keys: PackedKeys, values: Float32Array, seq: number): number {
    // Why the row's current seq decides as well as the loaded one: see create-row-table.ts.
    return this.#apply(keys, values, seq, { replayed: true, goesOn: false });
  }

  remove(keys: PackedKeys, seq: number, upToSeq = seq - 1): number {
    this.#startRecord(seq);
    let removed = 0;
    forEachPiece(this.#pieces, keys, ({ kernel }, _stripe, _order, _from, rows) => {
      removed += kernel.remove(rows, seq, upToSeq);
    });
    return removed;
  }

  absent(keys: PackedKeys, flags?: Uint8Array): number {
    let absent = 0;
    forEachPiece(this.#pieces, keys, ({ kernel, words, wordsAt }, _stripe, order, from, rows) => {
      absent += kernel.absent(rows);
      if (flags !== undefined) gatherFlags(order, from, from + rows, words, wordsAt, flags);
    });
    return absent;
  }

  get fullness(): number {
    return this.#stripes.reduce((most, stripe) => Math.max(most, stripe?.kernel.fullness() ?? 0), 0);
  }

  room(newRows: number): boolean {
    return this.#stripes.every((stripe) => {
      const enough = stripe === undefined || stripe.kernel.room(newRows) !== 0;
      stripe?.refresh();
      return enough;
    });
  }

  reconfigure(spec: TableSpec): void {
    assertSameRows(this.#spec, spec);
    this.#spec = spec;
    this.#optimizer = createOptimizer(spec);
    for (const stripe of this.#stripes) {
      if (stripe !== undefined) chooseOptimizer(stripe.kernel, spec, this.#optimizer);
      stripe?.kernel.trackUse(spec.memoryRowsMax > 0 ? 1 : 0);
    }
  }

  *pages(sinceSeq: number): Iterable<PageId> {
    for (const [number, stripe] of this.#stripes.entries()) {
      if (stripe === undefined) continue;
      const { kernel } = stripe;
      for (let page = 0; ; page++) {
        page = kernel.nextPage(page, sinceSeq);
        if (page >= kernel.pageCount()) break;
        yield { stripe: number, page };
      }
    }
  }

  readPage({ stripe: number, page }: PageId): Uint8Array {
    const { stride } = this.#layout;
    const stripe = this.#stripe(number);
    const rows = stripe.kernel.extentOf(page);
    const at = (stripe.kernel.reachPage(page) >>> 0) / 4;
    stripe.refresh();
    const words = stripe.words.subarray(at, at + rows * stride);
    return encodePage(this.spec.uid, {
      stripe: number,
      page,
      rows,
      stride,
      seq: stripe.kernel.pageSeq(page),
      words,
    });
  }

  expectPages(number: number, pages: number): ExpectedPages | undefined {
    const { pageShift, chunkShift } = this.#layout;
    const expectedRows = pages * 2 ** pageShift;
    if (pages < 1 || expectedRows > PLACES_MAX) return undefined;
    const stripe = this.#stripe(number);
    const at = stripe.kernel.expectPages(pages, expectedRows) >>> 0;
    stripe.refresh();
    if (at === 0) return undefined;
    const stride = stripe.kernel.chunkStride();
    const endOf = (page: number) => ((page >>> (chunkShift - pageShift)) + 1) * stride;
    return { memory: new Uint8Array(stripe.words.buffer, at, endOf(pages - 1)), endOf };
  }

  loadPage(bytes: Uint8Array): void {
    if (this.#recordSeq !== 0) throw new Error('pages are loaded before any push or replay');
    const { name, uid } = this.spec;
    const { stride, pageShift } = this.#layout;
    const { stripe: number, page, rows, seq, words, stride: storedStride } = decodePage(uid, name, bytes);
    if (
      number >= STRIPE_COUNT ||
      storedStride !== stride ||
      rows > 1 << pageShift ||
      page >= PLACES_MAX >>> pageShift
    ) {
      throw corruptPage(
        name,
        `stripe ${number}, page ${page}, ${rows} rows of ${storedStride} words: no such page`,
      );
    }
    const stripe = this.#stripe(number);
    const { kernel } = stripe;
    if (page < kernel.pageCount() && kernel.pageSeq(page) > 0) {
      throw corruptPage(name, `stripe ${number}, page ${page} comes twice`);
    }
    const address = kernel.reachPage(page) >>> 0;
    stripe.refresh();
    if (address === 0 || kernel.roomToLoad(rows) === 0) throw this.#full(number);
    stripe.refresh();
    stripe.words.set(words, address / 4);
    const misplaced = kernel.enterPage(page, rows, seq, number);
    stripe.refresh();
    if (misplaced >= 0) {
      throw corruptPage(
        name,
        `stripe ${number}, page ${page}, row ${misplaced}: its key does not belong there`,
      );
    }
    this.#seq = Math.max(this.#seq, seq);
  }

  rowSeqs({ stripe: number, page }: PageId): Float64Array {
    const stripe = this.#stripe(number);
    const first = (stripe.kernel.reachPage(page) >>> 0) / 8 + SEQ_AT;
    stripe.refresh();
    const seqs = new Float64Array(stripe.words.buffer);
    const stride = this.#layout.stride / 2;
    return Float64Array.from(
      { length: stripe.kernel.extentOf(page) },
      (_, row) => seqs[first + row * stride]!,
    );
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
    return missingKeys(this.#pieces, keys);
  }

  imagesOf(keys: PackedKeys): Uint32Array {
    return imagesOf(this.#pieces, keys, this.#layout.stride);
  }

  insert(images: Uint32Array): number {
    return insertImages(this.#pieces, images, this.#layout.stride, (stripe) => this.#full(stripe));
  }

  evict(images: Uint32Array): number {
    return evictImages(this.#pieces, images, this.#layout.stride);
  }

  victims(rowsMax: number): PackedKeys {
    return this.#hand.sweep(this.#stripes, rowsMax);
  }

  #apply(
    keys: PackedKeys,
    values: Float32Array,
    seq: number,
    { replayed, goesOn }: { replayed: boolean; goesOn: boolean },
  ): number {
    const { dim } = this.spec;
    if (values.length !== keyCount(keys) * dim) throw new Error('values are not keys x dim');
    const order = this.#splitter.split(keys);
    this.#makeRoom(order, keys);
    this.#startRecord(seq, goesOn);
    const { starts } = this.#splitter;
    let updates = 0;
    for (let s = 0; s < STRIPE_COUNT; s++) {
      const from = starts[s]!;
      const to = starts[s + 1]!;
      if (from === to) continue;
      const stripe = this.#stripe(s);
      scatterKeys(order, from, to, keys, stripe.words, stripe.keysAt);
      scatterRows(order, from, to, dim, values, stripe.floats, stripe.valuesAt);
      if (replayed) updates += stripe.kernel.replay(to - from, seq);
      else stripe.kernel.push(to - from, seq);
      stripe.refresh();
    }
    return updates;
  }

  #startRecord(seq: number, goesOn = false): void {
    if (goesOn && seq === this.#recordSeq) return;
    if (!(seq > this.#recordSeq))
      throw new Error(`replay: seq ${seq} does not rise above ${this.#recordSeq}`);
    this.#recordSeq = seq;
    if (seq > this.#seq) this.#seq = seq;
  }

  /** Before anything is changed, so that a push for which there is no memory changes nothing. */
  #makeRoom(order: Uint32Array, keys: PackedKeys): void {
    const { starts } = this.#splitter;
    for (let s = 0; s < STRIPE_COUNT; s++) {
      const from = starts[s]!;
      const to = starts[s + 1]!;
      if (from === to) continue;
      const stripe = this.#stripe(s);
      if (!stripe.holds(to - from)) throw this.#full(s);
      const { kernel } = stripe;
      const enough = kernel.room(to - from) !== 0;
      stripe.refresh();
      if (enough) continue;
      scatterKeys(order, from, to, keys, stripe.words, stripe.keysAt);
      const absent = kernel.absent(to - from);
      if (absent > 0 && kernel.room(absent) === 0) throw this.#full(s);
      stripe.refresh();
    }
  }

  #stripe(number: number): KernelInstance {
    let stripe = this.#stripes[number];
    if (stripe === undefined) {
      stripe = this.#newInstance();
      configure(stripe, this.spec, this.#layout, this.#optimizer);
      stripe.kernel.trackUse(this.spec.memoryRowsMax > 0 ? 1 : 0);
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
