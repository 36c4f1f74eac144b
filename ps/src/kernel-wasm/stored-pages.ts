// Pages out of the stripes' memories and into them; see kernel/page.ts for their format.
import type { TableSpec } from '@weir/proto/v1/tables';
import { PLACES_MAX, type RowLayout, SEQ_AT } from '../kernel/layout.ts';
import { corruptPage, decodePageOf, encodePage } from '../kernel/page.ts';
import type { ExpectedPages, PageId } from '../kernel/row-table.ts';
import type { KernelInstance } from './kernel-instance.ts';
import type { Stripes } from './spill.ts';

/** See RowTable.pages. */
export function* dirtyPages(
  stripes: readonly (KernelInstance | undefined)[],
  sinceSeq: number,
): Iterable<PageId> {
  for (const [number, stripe] of stripes.entries()) {
    if (stripe === undefined) continue;
    const { kernel } = stripe;
    for (let page = 0; ; page++) {
      page = kernel.nextPage(page, sinceSeq);
      if (page >= kernel.pageCount()) break;
      yield { stripe: number, page };
    }
  }
}

/** See RowTable.readPage. */
export function readPage(
  stripe: KernelInstance,
  spec: TableSpec,
  { stride }: RowLayout,
  { stripe: number, page }: PageId,
): Uint8Array {
  const { kernel } = stripe;
  const rows = kernel.extentOf(page);
  const at = (kernel.reachPage(page) >>> 0) / 4;
  stripe.refresh();
  const words = stripe.words.subarray(at, at + rows * stride);
  return encodePage(spec.uid, { stripe: number, page, rows, stride, seq: kernel.pageSeq(page), words });
}

/** See RowTable.rowSeqs. */
export function rowSeqs(stripe: KernelInstance, layout: RowLayout, page: number): Float64Array {
  const first = (stripe.kernel.reachPage(page) >>> 0) / 8 + SEQ_AT;
  stripe.refresh();
  const seqs = new Float64Array(stripe.words.buffer);
  const stride = layout.stride / 2;
  return Float64Array.from({ length: stripe.kernel.extentOf(page) }, (_, row) => seqs[first + row * stride]!);
}

/** See RowTable.expectPages. */
export function expectPages(
  table: Stripes,
  { pageShift, chunkShift }: RowLayout,
  number: number,
  pages: number,
): ExpectedPages | undefined {
  const expectedRows = pages * 2 ** pageShift;
  if (pages < 1 || expectedRows > PLACES_MAX) return undefined;
  const stripe = table.stripe(number);
  const at = stripe.kernel.expectPages(pages, expectedRows) >>> 0;
  stripe.refresh();
  if (at === 0) return undefined;
  const stride = stripe.kernel.chunkStride();
  const endOf = (page: number) => ((page >>> (chunkShift - pageShift)) + 1) * stride;
  return { memory: new Uint8Array(stripe.words.buffer, at, endOf(pages - 1)), endOf };
}

/** See RowTable.loadPage. @returns the page's seq. */
export function loadPage(table: Stripes, spec: TableSpec, layout: RowLayout, bytes: Uint8Array): number {
  const { stripe: number, page, rows, seq, words } = decodePageOf(spec, layout, bytes);
  const stripe = table.stripe(number);
  const { kernel } = stripe;
  const what = `stripe ${number}, page ${page}`;
  if (page < kernel.pageCount() && kernel.pageSeq(page) > 0) {
    throw corruptPage(spec.name, `${what} comes twice`);
  }
  const address = kernel.reachPage(page) >>> 0;
  stripe.refresh();
  if (address === 0 || kernel.roomToLoad(rows) === 0) throw table.full(number);
  stripe.refresh();
  stripe.words.set(words, address / 4);
  const misplaced = kernel.enterPage(page, rows, seq, number);
  stripe.refresh();
  if (misplaced >= 0) {
    throw corruptPage(spec.name, `${what}, row ${misplaced}: its key does not belong there`);
  }
  return seq;
}
