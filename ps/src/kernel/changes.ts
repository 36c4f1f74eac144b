// Scans over a table's slab, in slab order: for changed rows, in pages whose dirty mark is high enough; for stale ones.
import { type RowLayout, SCAN_ROWS_MAX, WEIGHTS_AT } from './layout.ts';
import type { ChangePosition, Changes, Stale } from './row-table.ts';
import type { Stripe } from './stripe.ts';

/** See RowTable.changes. */
export function scanChanges(
  stripes: readonly Stripe[],
  layout: RowLayout,
  sinceSeq: number,
  from: ChangePosition | undefined,
  rowsMax: number,
): Changes {
  if (rowsMax < 1) throw new Error('changes: rowsMax must be at least 1');
  const places: number[] = [];
  const owners: Stripe[] = [];
  let seen = 0;
  for (let s = from?.stripe ?? 0; s < stripes.length; s++) {
    const stripe = stripes[s]!;
    for (let page = s === from?.stripe ? from.page : 0; page < stripe.pageSeqs.length; page++) {
      if (stripe.pageSeqs[page]! <= sinceSeq) continue;
      const rows = stripe.extentOf(page);
      const resumed = s === from?.stripe && page === from.page;
      for (let row = resumed ? from.row : 0; row < rows; row++) {
        if (places.length === rowsMax || seen === SCAN_ROWS_MAX) {
          return gather(owners, places, layout, { stripe: s, page, row });
        }
        seen++;
        const place = (page << layout.pageShift) + row;
        if (stripe.seqAt(place) > sinceSeq) {
          places.push(place);
          owners.push(stripe);
        }
      }
    }
  }
  return gather(owners, places, layout, undefined);
}

/** See RowTable.stale. */
export function scanStale(
  stripes: readonly Stripe[],
  { stride, pageShift, chunkShift }: RowLayout,
  upToSeq: number,
  from: ChangePosition | undefined,
  rowsMax: number,
): Stale {
  if (rowsMax < 1) throw new Error('stale: rowsMax must be at least 1');
  const keys: number[] = [];
  let seen = 0;
  for (let s = from?.stripe ?? 0; s < stripes.length; s++) {
    const stripe = stripes[s]!;
    for (let page = s === from?.stripe ? from.page : 0; page < stripe.pageSeqs.length; page++) {
      const rows = stripe.extentOf(page);
      const resumed = s === from?.stripe && page === from.page;
      for (let row = resumed ? from.row : 0; row < rows; row++) {
        if (keys.length === 2 * rowsMax || seen === SCAN_ROWS_MAX) {
          return { keys: Uint32Array.from(keys), next: { stripe: s, page, row } };
        }
        seen++;
        const place = (page << pageShift) + row;
        const seq = stripe.seqAt(place);
        if (seq === 0 || seq > upToSeq) continue;
        const words = stripe.words[place >>> chunkShift]!;
        const at = (place & ((1 << chunkShift) - 1)) * stride;
        keys.push(words[at]!, words[at + 1]!);
      }
    }
  }
  return { keys: Uint32Array.from(keys), next: undefined };
}

function gather(
  owners: readonly Stripe[],
  places: readonly number[],
  { dim, stride, chunkShift }: RowLayout,
  next: ChangePosition | undefined,
): Changes {
  const keys = new Uint32Array(2 * places.length);
  const weights = new Float32Array(places.length * dim);
  for (let i = 0; i < places.length; i++) {
    const chunk = places[i]! >>> chunkShift;
    const at = (places[i]! & ((1 << chunkShift) - 1)) * stride;
    const words = owners[i]!.words[chunk]!;
    const floats = owners[i]!.floats[chunk]!;
    keys[2 * i] = words[at]!;
    keys[2 * i + 1] = words[at + 1]!;
    for (let j = 0; j < dim; j++) weights[i * dim + j] = floats[at + WEIGHTS_AT + j]!;
  }
  return { keys, weights, next };
}
