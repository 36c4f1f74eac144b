// A round's part for a table whose rows stand in pages: every page with a row that has changed is written, some of them in
// one write, which is in flight while the next pages are gathered.
import type { Store, WriteBatch } from '@weir/store';
import { ROUND_WRITE_BYTES } from '../../limits.ts';
import type { ShardCounters } from '../counters.ts';
import type { PushLog } from '../log/push-log.ts';
import { Slice } from '../slices.ts';
import type { LiveTable } from '../tables/live-table.ts';
import { PAGES, pageKey } from './families.ts';

export interface PageWriterParts {
  readonly store: Store;
  readonly log: PushLog;
  readonly counters: ShardCounters;
}

export interface PageRound {
  /** Whether the table's pages are still wanted. */
  goesOn(): boolean;
  /** So many of the table's pages are behind it; resolves when the next may be gathered. */
  passed(pages: number): Promise<void>;
}

/** @throws StoreError when the disk refuses. */
export async function writePages(
  { spec, rows }: LiveTable,
  { store, log, counters }: PageWriterParts,
  sinceSeq: number,
  round: PageRound,
): Promise<void> {
  const slice = await Slice.begin('round');
  const firstOf = runningSums(rows.pageCounts);
  let batch: WriteBatch = store.batch();
  let writing: Promise<void> = Promise.resolve();
  for (const id of rows.pages(sinceSeq)) {
    if (!round.goesOn()) break;
    while (log.midRecord !== undefined) {
      slice.end();
      await log.midRecord;
      await slice.next();
    }
    batch.put(PAGES, pageKey(spec.uid, id), rows.readPage(id));
    counters.roundPages++;
    if (batch.bytes >= ROUND_WRITE_BYTES) {
      slice.end();
      await writing;
      writing = store.write(batch);
      // Its failure is met at the next wait for it.
      writing.catch(() => undefined);
      batch = store.batch();
      await round.passed(firstOf[id.stripe]! + id.page);
      await slice.next();
    } else if (slice.over) await slice.next();
  }
  slice.end();
  await writing;
  if (batch.size > 0) await store.write(batch);
}

/** For each number the sum of those before it. */
function runningSums(numbers: readonly number[]): number[] {
  let before = 0;
  return numbers.map((number) => {
    before += number;
    return before - number;
  });
}
