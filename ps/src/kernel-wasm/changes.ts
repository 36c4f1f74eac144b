// Scans over a table's stripes, for changed rows and for stale ones: the kernel finds them, they are copied from its
// memory.
import { SCAN_ROWS_MAX, WEIGHTS_AT } from '../kernel/layout.ts';
import type { ChangePosition, Changes, Stale } from '../kernel/row-table.ts';
import type { KernelInstance } from './kernel-instance.ts';

/** Rows of one stripe: words at which they begin in its memory. */
interface FoundRows {
  readonly stripe: KernelInstance;
  readonly at: Uint32Array;
}

/** See RowTable.changes. */
export function scanChanges(
  stripes: readonly (KernelInstance | undefined)[],
  dim: number,
  sinceSeq: number,
  from: ChangePosition | undefined,
  rowsMax: number,
): Changes {
  if (rowsMax < 1) throw new Error('changes: rowsMax must be at least 1');
  const found: FoundRows[] = [];
  let wanted = Math.min(rowsMax, SCAN_ROWS_MAX);
  let seenMax = SCAN_ROWS_MAX;
  for (let s = from?.stripe ?? 0; s < stripes.length; s++) {
    const stripe = stripes[s];
    if (stripe === undefined) continue;
    const { kernel } = stripe;
    const resumed = s === from?.stripe;
    if (!stripe.holds(wanted)) throw new Error('no memory to scan for changes');
    const page = resumed ? from.page : 0;
    const count = kernel.scan(page, resumed ? from.row : 0, sinceSeq, wanted, seenMax);
    // Addresses are bytes; copied, since another scan of this stripe overwrites them.
    const at = stripe.words.slice(stripe.wordsAt, stripe.wordsAt + count).map((address) => address >>> 2);
    found.push({ stripe, at });
    wanted -= count;
    seenMax -= kernel.seenRows();
    if (kernel.stoppedPage() < kernel.pageCount()) {
      return gather(found, dim, { stripe: s, page: kernel.stoppedPage(), row: kernel.stoppedRow() });
    }
  }
  return gather(found, dim, undefined);
}

/** See RowTable.stale. */
export function scanStale(
  stripes: readonly (KernelInstance | undefined)[],
  upToSeq: number,
  from: ChangePosition | undefined,
  rowsMax: number,
): Stale {
  if (rowsMax < 1) throw new Error('stale: rowsMax must be at least 1');
  const wanted = Math.min(rowsMax, SCAN_ROWS_MAX);
  const keys = new Uint32Array(2 * wanted);
  let count = 0;
  let seenMax = SCAN_ROWS_MAX;
  for (let s = from?.stripe ?? 0; s < stripes.length; s++) {
    const stripe = stripes[s];
    if (stripe === undefined) continue;
    const { kernel } = stripe;
    const resumed = s === from?.stripe;
    if (!stripe.holds(wanted)) throw new Error('no memory to scan for stale rows');
    const page = resumed ? from.page : 0;
    const found = kernel.scanStale(page, resumed ? from.row : 0, upToSeq, wanted - count, seenMax);
    keys.set(stripe.words.subarray(stripe.keysAt, stripe.keysAt + 2 * found), 2 * count);
    count += found;
    seenMax -= kernel.seenRows();
    if (kernel.stoppedPage() < kernel.pageCount()) {
      const next = { stripe: s, page: kernel.stoppedPage(), row: kernel.stoppedRow() };
      return { keys: keys.slice(0, 2 * count), next };
    }
  }
  return { keys: keys.slice(0, 2 * count), next: undefined };
}

function gather(found: readonly FoundRows[], dim: number, next: ChangePosition | undefined): Changes {
  const rows = found.reduce((sum, { at }) => sum + at.length, 0);
  const keys = new Uint32Array(2 * rows);
  const weights = new Float32Array(rows * dim);
  let i = 0;
  for (const { stripe, at } of found) {
    const { words, floats } = stripe;
    for (const row of at) {
      keys[2 * i] = words[row]!;
      keys[2 * i + 1] = words[row + 1]!;
      const first = row + WEIGHTS_AT;
      for (let j = 0; j < dim; j++) weights[i * dim + j] = floats[first + j]!;
      i++;
    }
  }
  return { keys, weights, next };
}
