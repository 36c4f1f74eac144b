// The first part of recovery: every page of the folder, table by table, stripe by stripe, into its rows.
import { WeirError } from '@weir/proto';
import type { Store } from '@weir/store';
import { STRIPE_COUNT } from '../../kernel/layout.ts';
import type { ExpectedPages, PageId, RowTable } from '../../kernel/row-table.ts';
import { RECOVERY_READ_ENTRIES } from '../../limits.ts';
import { PAGES, pageIdOfKey, pageKey, pageRange } from '../folder/families.ts';
import type { LowMark } from '../folder/low-mark.ts';
import { Slice } from '../slices.ts';
import type { LiveTable } from '../tables/live-table.ts';
import type { RecoveryProgress } from './recovery-progress.ts';

import { MemoryToucher } from './touch-memory.ts';

const NO_MEMORY = new Uint8Array(0);

export interface RecoveryParts {
  readonly store: Store;
  readonly progress: RecoveryProgress;
  /** Aborted: recovery ends with CANCELLED at its next slice. */
  readonly signal: AbortSignal;
}

/** @throws WeirError CORRUPT naming the page; CONFIGURATION for a newer format; CANCELLED. */
export async function loadPages(
  parts: RecoveryParts,
  tables: readonly LiveTable[],
  mark: LowMark,
): Promise<void> {
  const expected = await Promise.all(tables.map((table) => expectedPages(parts.store, table)));
  parts.progress.pagesTotal = sum(expected.flat());
  const toucher = await MemoryToucher.open();
  try {
    for (const [i, table] of tables.entries()) {
      // Rows that are not all in memory come when they are needed.
      if (table.spill === undefined) await loadTable(parts, table, mark, expected[i]!, toucher);
    }
  } finally {
    await toucher.close();
  }
}

/** @throws WeirError CANCELLED when the shard is to stop. */
export async function nextSlice(slice: Slice, signal: AbortSignal): Promise<void> {
  await slice.next();
  if (signal.aborted) throw new WeirError('CANCELLED', 'the shard was asked to stop while it recovered');
}

/** Per stripe, the pages up to the last one in the folder. */
async function expectedPages(store: Store, { spec }: LiveTable): Promise<number[]> {
  const stripes = Array.from({ length: STRIPE_COUNT }, async (_, stripe) => {
    const gte = pageKey(spec.uid, { stripe, page: 0 });
    const lt = pageKey(spec.uid, { stripe: stripe + 1, page: 0 });
    for await (const { key } of store.range(PAGES, { gte, lt, reverse: true, limit: 1 })) {
      return pageIdOfKey(key).page + 1;
    }
    return 0;
  });
  return Promise.all(stripes);
}

async function loadTable(
  { store, progress, signal }: RecoveryParts,
  { spec, rows }: LiveTable,
  mark: LowMark,
  expected: readonly number[],
  toucher: MemoryToucher,
): Promise<void> {
  const slice = new Slice('recovery');
  let loaded = 0;
  let stripe = -1;
  let memory: ExpectedPages | undefined;
  const range = { ...pageRange(spec.uid), readEntries: RECOVERY_READ_ENTRIES };
  for await (const { key, value } of store.range(PAGES, range)) {
    const id = pageIdOfKey(key);
    if (id.stripe !== stripe) {
      stripe = id.stripe;
      memory = rows.expectPages(stripe, expected[stripe] ?? 0);
      await toucher.begin(memory?.memory ?? NO_MEMORY);
    }
    const touching = memory && toucher.reach(memory.endOf(id.page));
    if (touching !== undefined) await touching;
    loadPage(spec.name, rows, id, value);
    loaded++;
    progress.pages++;
    progress.pageBytes += value.byteLength;
    if (slice.over) await nextSlice(slice, signal);
  }
  slice.end();
  // A page is stored before any page behind it, and for ever: what lies before the last one must be there.
  const wanted = expected.map((pages, i) => Math.max(pages, mark.pages[spec.uid]?.[i] ?? 0));
  if (loaded < sum(wanted)) {
    const message = `table ${spec.name}: ${loaded} pages of at least ${sum(wanted)} are there`;
    throw new WeirError('CORRUPT', `${message}; restore the folder from a copy`, { table: spec.name });
  }
}

/** @throws WeirError as RowTable.loadPage, with what to do. */
function loadPage(table: string, rows: RowTable, { stripe, page }: PageId, bytes: Uint8Array): void {
  try {
    rows.loadPage(bytes);
  } catch (cause) {
    if (!(cause instanceof WeirError) || cause.code !== 'CORRUPT') throw cause;
    const message = `${cause.message} (stripe ${stripe}, page ${page}); restore the folder from a copy`;
    throw new WeirError('CORRUPT', message, { cause, table });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
