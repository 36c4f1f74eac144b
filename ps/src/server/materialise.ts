// Materialisation: what the log says, brought into pages, so that the log stays short and a restart quick.
// A round writes every page with a row changed since the round before, then, in one write, what was true at its
// beginning (clients' numbers, pages per table, and see marked-state.ts), the new low mark, and the removal of the log below it. A crash in
// mid-round leaves pages that are newer than the low mark, which recovery allows for.
//
// Pages may be read while pushes are applied between the slices: only applied records are in them, and those are
// durable; and no push is ever half applied when a page is read.
import type { Runtime } from '@weir/runtime';
import type { Store, WriteBatch } from '@weir/store';
import type { ClientNumbers } from '../core/client-numbers.ts';
import type { SeqClock } from '../core/seq-clock.ts';
import { ROUND_LOG_BYTES_MAX, ROUND_LOG_BYTES_MIN, ROUND_LOG_RATIO, ROUND_WRITE_BYTES } from '../limits.ts';
import type { ShardCounters } from './counters.ts';
import {
  CLIENTS_KEY,
  droppedKey,
  LOG,
  LOW_MARK_KEY,
  META,
  PAGES,
  pageKey,
  pageRange,
  seqKey,
  TOMBSTONES,
  tableKey,
} from './families.ts';
import type { LiveTable } from './live-table.ts';
import { encodeLowMark } from './low-mark.ts';
import { MarkedState } from './marked-state.ts';
import type { PushLog } from './push-log.ts';
import { Slice } from './slices.ts';
import type { Tables } from './tables.ts';

export interface MaterialiserParts {
  readonly store: Store;
  readonly tables: Tables;
  readonly numbers: ClientNumbers;
  readonly seqClock: SeqClock;
  readonly log: PushLog;
  readonly counters: ShardCounters;
  readonly logger: Runtime['log'];
}

export class Materialiser {
  readonly #parts: MaterialiserParts;
  #lowMark: number;
  #materialisedBytes = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** @param lowMark as recovered. */
  constructor(parts: MaterialiserParts, lowMark: number) {
    this.#parts = parts;
    this.#lowMark = lowMark;
  }

  /** Position of the oldest record kept. */
  get lowMark(): number {
    return this.#lowMark;
  }

  /** Bytes of applied records that stand in the log only. */
  get logBytes(): number {
    return this.#parts.log.appliedBytes - this.#materialisedBytes;
  }

  /** Begins a round when the log has grown long enough; call it after every log write. */
  consider(): void {
    if (this.#running !== undefined || this.#stopped) return;
    const wanted = this.#parts.tables.bytes() * ROUND_LOG_RATIO;
    const due = Math.min(ROUND_LOG_BYTES_MAX, Math.max(ROUND_LOG_BYTES_MIN, wanted));
    if (this.logBytes < due) return;
    this.round().catch((error: unknown) => {
      this.#parts.logger.error({ err: error }, 'a materialisation round failed; the next one starts anew');
    });
  }

  /** A whole round, begun after this call. @throws StoreError when the disk refuses; the state stays as it was. */
  async round(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    if (this.#stopped) return;
    this.#running = this.#round();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  /** Ends a round in progress at its next slice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running?.catch(() => undefined);
  }

  async #round(): Promise<void> {
    const { store, tables, numbers, seqClock, log, counters } = this.#parts;
    const upTo = log.appliedSeq;
    if (upTo < this.#lowMark) return;
    const bytes = log.appliedBytes;
    const clients = numbers.snapshot();
    const marked = new MarkedState(tables, seqClock, this.#lowMark, upTo);
    const live = tables.list();
    const pages = Object.fromEntries(live.map((table) => [table.spec.uid, table.rows.pageCounts]));
    for (const table of live) await this.#writePages(table);
    await marked.writeAhead(store);
    if (this.#stopped) return;
    const last = store
      .batch()
      .put(META, CLIENTS_KEY, clients)
      .put(META, LOW_MARK_KEY, encodeLowMark({ seq: upTo + 1, pages }))
      .deleteRange(LOG, seqKey(this.#lowMark), seqKey(upTo + 1));
    marked.finish(last);
    const dropped = tables.droppedUpTo(upTo);
    for (const uid of dropped) {
      const { gte, lt } = pageRange(uid);
      last.deleteRange(PAGES, gte, lt).deleteRange(TOMBSTONES, gte, lt);
      last.delete(META, tableKey(uid)).delete(META, droppedKey(uid));
    }
    await store.write(last);
    for (const uid of dropped) tables.forgetDropped(uid);
    this.#lowMark = upTo + 1;
    this.#materialisedBytes = bytes;
    counters.rounds++;
    // The log's memory table is mostly dead by now: what stays of it is little, and its memory is free again.
    await store.flush([LOG]);
  }

  async #writePages({ spec, rows }: LiveTable): Promise<void> {
    const { store, tables, log, counters } = this.#parts;
    const slice = await Slice.begin('round');
    let batch: WriteBatch = store.batch();
    /** One write is in flight while the next is gathered. */
    let writing: Promise<void> = Promise.resolve();
    for (const id of rows.pages(this.#lowMark - 1)) {
      // A dropped table's pages go with the round after the drop; no need to write more of them.
      if (this.#stopped || tables.get(spec.uid) === undefined) break;
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
        await slice.next();
      } else if (slice.over) await slice.next();
    }
    slice.end();
    await writing;
    if (batch.size > 0) await store.write(batch);
  }
}
