// Scans over a table's stripes, for changed rows and for stale ones: the kernel finds them, they are copied from its
// memory.
import { SCAN_ROWS_MAX, WEIGHTS_AT } from '../kernel/layout.ts';
import type { ChangePosition, Changes, Stale } from '../kernel/row-table.ts';
import type { KernelInstance } from './kernel-instance.ts';

/** Looks at rows of one stripe from a page and row on, at no more than `seenMax`. */
type StripeScan = (stripe: KernelInstance, page: number, row: number, seenMax: number) => void;

/**
 * Scans stripe by stripe from where a scan stopped; returns where this one did. @param rowsMax found in all, at most: as
 * many as each stripe's scratch area must hold.
 */
function overStripes(
  stripes: readonly (KernelInstance | undefined)[],
  from: ChangePosition | undefined,
  rowsMax: number,
  scan: StripeScan,
): ChangePosition | undefined {
  let seenMax = SCAN_ROWS_MAX;
  for (let s = from?.stripe ?? 0; s < stripes.length; s++) {
    const stripe = stripes[s];
    if (stripe === undefined) continue;
    const { kernel } = stripe;
    const { page, row } = s === from?.stripe ? from : FIRST;
    if (!stripe.holds(rowsMax)) throw new Error('no memory to scan rows');
    scan(stripe, page, row, seenMax);
    seenMax -= kernel.seenRows();
    if (kernel.stoppedPage() < kernel.pageCount()) {
      return { stripe: s, page: kernel.stoppedPage(), row: kernel.stoppedRow() };
    }
  }
  return undefined;
}

const FIRST = { page: 0, row: 0 };

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
  const next = overStripes(stripes, from, wanted, (stripe, page, row, seenMax) => {
    const count = stripe.kernel.scan(page, row, sinceSeq, wanted, seenMax);
    // Addresses are bytes; copied, since another scan of this stripe overwrites them.
    const at = stripe.words.slice(stripe.wordsAt, stripe.wordsAt + count).map((address) => address >>> 2);
    found.push({ stripe, at });
    wanted -= count;
  });
  return gather(found, dim, next);
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
  const next = overStripes(stripes, from, wanted, (stripe, page, row, seenMax) => {
    const found = stripe.kernel.scanStale(page, row, upToSeq, wanted - count, seenMax);
    keys.set(stripe.words.subarray(stripe.keysAt, stripe.keysAt + 2 * found), 2 * count);
    count += found;
  });
  return { keys: keys.slice(0, 2 * count), next };
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
