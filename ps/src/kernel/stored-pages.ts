// Pages out of a table's stripes and into them; see page.ts for their format.
import { fmix64, mixed } from '@weir/proto';
import type { TableSpec } from '@weir/proto/v1/tables';
import type { RowLayout } from './layout.ts';
import { corruptPage, decodePageOf, encodePage } from './page.ts';
import type { PageId } from './row-table.ts';
import { ABSENT, type Stripe, stripeOfMixed } from './stripe.ts';

/** See RowTable.readPage. */
export function readPage(
  stripes: readonly Stripe[],
  spec: TableSpec,
  { stride }: RowLayout,
  { stripe, page }: PageId,
): Uint8Array {
  const slab = stripes[stripe]!;
  const rows = slab.extentOf(page);
  const words = slab.pageWords(page).subarray(0, rows * stride);
  return encodePage(spec.uid, { stripe, page, rows, stride, seq: slab.pageSeqs[page]!, words });
}

/** See RowTable.loadPage. @returns the page's seq. */
export function loadPage(
  stripes: readonly Stripe[],
  spec: TableSpec,
  layout: RowLayout,
  bytes: Uint8Array,
): number {
  const { stripe: number, page, rows, seq, words } = decodePageOf(spec, layout, bytes);
  const stripe = stripes[number]!;
  const first = page * 2 ** layout.pageShift;
  if (stripe.pageSeqs[page]) throw corruptPage(spec.name, `stripe ${number}, page ${page} comes twice`);
  stripe.pageWords(page).set(words);
  stripe.markPage(first, seq);
  for (let row = 0; row < rows; row++) {
    if (stripe.seqAt(first + row) > 0 && !enterLoaded(stripe, number, first + row, layout)) {
      throw corruptPage(
        spec.name,
        `stripe ${number}, page ${page}, row ${row}: its key does not belong there`,
      );
    }
  }
  return seq;
}

/**
 * Where another page has the key too, it was removed from one and made again in the other, and not both were
 * stored since: the newer row stays, and the older one's page needs to be stored again.
 */
function enterLoaded(stripe: Stripe, number: number, place: number, { pageShift }: RowLayout): boolean {
  const words = stripe.rowWords(place);
  const low = words[0]!;
  const high = words[1]!;
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
