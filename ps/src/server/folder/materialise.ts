// Materialisation: what the log says, brought into pages, so that the log stays short and a restart quick.
// A round writes every page with a row changed since the round before, then, in one write, what was true at its
// beginning (pages per table, and see marked-state.ts), the new low mark, and the removal of the log below
// it. A crash in mid-round leaves pages that are newer than the low mark, which recovery allows for.
//
// Pages may be read while pushes are applied between the slices: only applied records are in them, and those are
// durable; and no push is ever half applied when a page is read.
import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { Runtime } from '@weir/runtime';
import type { Store } from '@weir/store';
import type { LogPace } from '../../core/log-pace.ts';
import { ROUND_REST_MS, ROUND_RETRY_MS, STORAGE_WAIT_MS } from '../../limits.ts';
import type { ShardCounters } from '../counters.ts';
import type { PushLog } from '../log/push-log.ts';
import { encodeRowsAtMark } from '../spill/rows-at-mark.ts';
import type { SpilledRows } from '../spill/spilled-rows.ts';
import type { LiveTable } from '../tables/live-table.ts';
import type { Tables } from '../tables/tables.ts';
import {
  droppedKey,
  FAMILIES,
  LOG,
  LOW_MARK_KEY,
  META,
  PAGES,
  pageRange,
  ROWS,
  ROWS_AT_MARK_KEY,
  seqKey,
  TOMBSTONES,
  tableKey,
} from './families.ts';
import { encodeLowMark } from './low-mark.ts';
import { type MarkedParts, MarkedState } from './marked-state.ts';
import { writePages } from './write-pages.ts';

export interface MaterialiserParts {
  readonly store: Store;
  readonly tables: Tables;
  readonly marked: MarkedParts;
  readonly log: PushLog;
  readonly pace: LogPace;
  readonly counters: ShardCounters;
  readonly logger: Runtime['log'];
}

export class Materialiser {
  readonly #parts: MaterialiserParts;
  #lowMark: number;
  #materialisedBytes = 0;
  #running: Promise<void> | undefined;
  /** Of the round in progress: length of the log when it began, pages passed, and all that it goes through. */
  #begunAtBytes: number | undefined;
  #begunAtMs = 0;
  #pagesPassed = 0;
  #pagesToPass = 0;
  #failing: { readonly since: number; readonly error: unknown } | undefined;
  #nextStep: PromiseWithResolvers<void> | undefined;
  /** Callers of `round`: while there are any, it does not rest. */
  #hurried = 0;
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

  /** What `logBytes` is kept below. */
  get logBytesMax(): number {
    return this.#parts.pace.logReplayMax;
  }

  /** Begins a round when the log has grown long enough; call it after every log write. */
  consider(): void {
    if (this.#running !== undefined || this.#stopped) return;
    if (this.logBytes < this.#parts.pace.dueAt(this.#parts.tables.bytes())) {
      // The tables have outgrown the log since a round failed: what a later round meets is not known yet.
      this.#failing = undefined;
      return;
    }
    this.#begin().then(
      () => {
        this.#failing = undefined;
      },
      (error: unknown) => {
        this.#parts.logger.error({ err: error }, 'a materialisation round failed; the next one starts anew');
        this.#failing = { since: this.#failing?.since ?? performance.now(), error };
        this.#step();
        setTimeout(() => this.consider(), ROUND_RETRY_MS).unref();
      },
    );
  }

  /**
   * Whether the log may grow. Undefined: it may. Else resolves when it is time to look again.
   * @throws WeirError STORAGE_FAILED (rejects) when rounds have failed for long, and the log is at its bound.
   */
  room(): Promise<void> | undefined {
    const { pace, counters } = this.#parts;
    if (this.#stopped || this.logBytes <= pace.bytesAllowed(this.#begunAtBytes, this.#progress))
      return undefined;
    counters.pushWaits++;
    if (this.#failing === undefined) this.consider();
    else if (performance.now() - this.#failing.since >= STORAGE_WAIT_MS) {
      const { error: cause } = this.#failing;
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `the push log is full, and the shard's disk refuses pages: ${why}`;
      return Promise.reject(new WeirError('STORAGE_FAILED', message, { cause }));
    }
    this.#nextStep ??= Promise.withResolvers();
    return this.#nextStep.promise;
  }

  /** A whole round, begun after this call. @throws StoreError when the disk refuses; the state stays as it was. */
  async round(): Promise<void> {
    this.#hurried++;
    try {
      while (this.#running !== undefined) await this.#running.catch(() => undefined);
      if (!this.#stopped) await this.#begin();
    } finally {
      this.#hurried--;
    }
  }

  async #begin(): Promise<void> {
    this.#begunAtBytes = this.logBytes;
    this.#begunAtMs = performance.now();
    this.#pagesPassed = 0;
    this.#running = this.#round();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
      this.#begunAtBytes = undefined;
      this.#step();
    }
  }

  /** Ends a round in progress at its next slice. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#step();
    await this.#running?.catch(() => undefined);
  }

  /** Of the pages that the round in progress goes through, 0 to 1. A table may get more of them meanwhile. */
  get #progress(): number {
    return this.#pagesToPass === 0 ? 0 : Math.min(1, this.#pagesPassed / this.#pagesToPass);
  }

  /** Rests while the round is further than it has to be. */
  async #rest(): Promise<void> {
    while (this.#hurried === 0 && !this.#stopped) {
      const elapsedMs = performance.now() - this.#begunAtMs;
      if (this.#progress <= this.#parts.pace.progressDue(this.#begunAtBytes!, this.logBytes, elapsedMs))
        return;
      await delay(ROUND_REST_MS);
    }
  }

  /** Whoever waits for room looks again. */
  #step(): void {
    this.#nextStep?.resolve();
    this.#nextStep = undefined;
  }

  async #round(): Promise<void> {
    const { store, tables, log, counters } = this.#parts;
    if (log.appliedSeq < this.#lowMark) return;
    await store.turn(LOG);
    const upTo = log.appliedSeq;
    const bytes = log.appliedBytes;
    const marked = new MarkedState(tables, this.#parts.marked, this.#lowMark, upTo);
    const live = tables.list();
    const paged = live.filter(({ spill }) => spill === undefined);
    const pages = Object.fromEntries(paged.map((table) => [table.spec.uid, table.rows.pageCounts]));
    const rowsAtMark = encodeRowsAtMark(tables);
    this.#pagesToPass = sum(live.flatMap(({ rows }) => rows.pageCounts));
    for (const table of live) {
      if (table.spill === undefined) await this.#writePages(table);
      else await this.#writeRows(table, table.spill);
    }
    await marked.writeAhead(store);
    if (this.#stopped) return;
    const last = store
      .batch()
      .put(META, LOW_MARK_KEY, encodeLowMark({ seq: upTo + 1, pages }))
      .put(META, ROWS_AT_MARK_KEY, rowsAtMark)
      .deleteRange(LOG, seqKey(this.#lowMark), seqKey(upTo + 1));
    marked.finish(last);
    const dropped = tables.droppedUpTo(upTo);
    for (const uid of dropped) {
      const { gte, lt } = pageRange(uid);
      last.deleteRange(PAGES, gte, lt).deleteRange(ROWS, gte, lt).deleteRange(TOMBSTONES, gte, lt);
      last.delete(META, tableKey(uid)).delete(META, droppedKey(uid));
    }
    await store.write(last);
    for (const uid of dropped) tables.forgetDropped(uid);
    this.#lowMark = upTo + 1;
    this.#materialisedBytes = bytes;
    counters.rounds++;
    // Of the log what came before its turn is dead by now: nothing of it is written, and its memory is free again.
    // The other families too: while bytes of one wait in memory, the store keeps all files of its own log since.
    await store.flush(FAMILIES);
  }

  /** A dropped table's pages and rows go with the round after the drop; no need to write more of them. */
  #needs({ spec }: LiveTable): boolean {
    return !this.#stopped && this.#parts.tables.get(spec.uid) !== undefined;
  }

  async #writeRows(table: LiveTable, spill: SpilledRows): Promise<void> {
    const before = this.#pagesPassed;
    const counts = table.rows.pageCounts;
    await spill.writeChanged(this.#lowMark - 1, ({ stripe, page }) => {
      this.#pagesPassed = before + sum(counts.slice(0, stripe)) + page;
      this.#step();
      return this.#needs(table);
    });
    this.#pagesPassed = before + sum(counts);
  }

  async #writePages(table: LiveTable): Promise<void> {
    const before = this.#pagesPassed;
    await writePages(table, this.#parts, this.#lowMark - 1, {
      goesOn: () => this.#needs(table),
      passed: async (pages) => {
        this.#pagesPassed = before + pages;
        this.#step();
        await this.#rest();
      },
    });
    this.#pagesPassed = before + sum(table.rows.pageCounts);
    this.#step();
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
