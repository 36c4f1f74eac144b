// Removes rows that were not updated for a table's TTL, and the least recently updated ones beyond its bound of rows. What
// goes is chosen here, by clock and memory; it goes by a log record that names it, and until then the row lives.
//
// A record says the newest seq that its victims may have, the one by which they were chosen: a row that is pushed between
// the choice and the record stays.
import { type PackedKeys, WeirError } from '@weir/proto';
import type { Runtime } from '@weir/runtime';
import type { Store } from '@weir/store';
import { encodeLogRecord, type RemoveReason } from '../../core/log-record.ts';
import { lruThreshold } from '../../core/lru-threshold.ts';
import type { SeqClock } from '../../core/seq-clock.ts';
import type { ChangePosition, RowTable } from '../../kernel/row-table.ts';
import {
  EXPIRY_INTERVAL_MAX_MS,
  EXPIRY_INTERVAL_MS,
  EXPIRY_SCAN_RATIO,
  EXPIRY_TTL_SHARE,
  LRU_SAMPLE_PAGES,
  LRU_SAMPLE_ROWS,
  VICTIMS_MAX,
} from '../../limits.ts';
import type { ShardCounters } from '../counters.ts';
import type { PushLog } from '../log/push-log.ts';
import type { ShardClock } from '../shard-clock.ts';
import { Slice } from '../slices.ts';
import { staleStoredRows } from '../spill/stale-rows.ts';
import { takeInAll } from '../spill/take-in.ts';
import type { LiveTable } from './live-table.ts';
import type { Tables } from './tables.ts';

export interface ExpiryParts {
  readonly store: Store;
  readonly tables: Tables;
  readonly log: PushLog;
  readonly clock: ShardClock;
  readonly seqClock: SeqClock;
  readonly counters: ShardCounters;
  readonly logger: Runtime['log'];
}

/** A table's last scan for expired rows. */
interface LastScan {
  readonly atMs: number;
  /** Without the removals that it waited for. */
  readonly tookMs: number;
  /** Rows up to this position are gone. */
  readonly upToSeq: number;
}

export class Expiry {
  readonly #parts: ExpiryParts;
  readonly #scans = new WeakMap<LiveTable, LastScan>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;
  /** Of the scan under way: how long it waited for removals. */
  #removingMs = 0;
  /** Ends the wait for the record under way. */
  #giveUp: ((error: WeirError) => void) | undefined;

  constructor(parts: ExpiryParts) {
    this.#parts = parts;
  }

  /** Sweeps from now on. */
  start(): void {
    this.#timer = setTimeout(() => {
      this.sweep()
        .catch((error: unknown) => {
          if (!this.#stopped) this.#parts.logger.warn({ err: error }, 'expiry was refused; it tries again');
        })
        .finally(() => {
          if (!this.#stopped) this.start();
        });
    }, EXPIRY_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Removes what is due, of tables whose turn it is. @throws WeirError of the log: STORAGE_FAILED, UNAVAILABLE. */
  async sweep(): Promise<void> {
    await this.#running?.catch(() => undefined);
    this.#running = this.#sweep();
    await this.#running;
  }

  /** Ends a sweep in progress, without waiting for its record: a disk that refuses may hold that for ever. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#giveUp?.(new WeirError('UNAVAILABLE', 'the shard is stopping'));
    await this.#running?.catch(() => undefined);
  }

  async #sweep(): Promise<void> {
    for (const table of this.#parts.tables.list()) {
      if (table.spec.ttlMs > 0) await this.#expire(table);
      if (table.spec.rowsMax > 0) await this.#evict(table);
    }
  }

  async #expire(table: LiveTable): Promise<void> {
    const { clock, seqClock } = this.#parts;
    const { ttlMs } = table.spec;
    const now = clock.now();
    const last = this.#scans.get(table);
    const wantedMs = Math.min(EXPIRY_INTERVAL_MAX_MS, ttlMs * EXPIRY_TTL_SHARE);
    // All rows on disk are looked at, of which there may be very many.
    const pauseMs = Math.max(wantedMs, EXPIRY_SCAN_RATIO * (last?.tookMs ?? 0));
    if (last !== undefined && now < last.atMs + pauseMs) return;
    const upToSeq = seqClock.seqAt(now - ttlMs);
    this.#removingMs = 0;
    if (upToSeq > (last?.upToSeq ?? 0)) await this.#removeStale(table, upToSeq, 'expired');
    const tookMs = clock.now() - now - this.#removingMs;
    this.#scans.set(table, { atMs: now, tookMs, upToSeq: Math.max(upToSeq, last?.upToSeq ?? 0) });
  }

  async #evict(table: LiveTable): Promise<void> {
    const { rowsMax } = table.spec;
    const { rows } = table;
    const excess = rows.rows - rowsMax;
    if (excess <= 0) return;
    const sample = await sampleSeqs(rows);
    if (sample.length === 0) return;
    const threshold = lruThreshold(sample, excess, rows.rows);
    // Older ones first: of those at the threshold only as many as are still too many.
    await this.#removeStale(table, threshold - 1, 'evicted', rowsMax);
    await this.#removeStale(table, threshold, 'evicted', rowsMax);
  }

  /** @param rowsMin stops when no more rows are left; by default it takes all. */
  async #removeStale(table: LiveTable, upToSeq: number, reason: RemoveReason, rowsMin = 0): Promise<void> {
    const { rows } = table;
    let from: ChangePosition | undefined;
    do {
      const excess = rowsMin === 0 ? VICTIMS_MAX : rows.rows - rowsMin;
      if (excess <= 0 || this.#stopped || this.#parts.tables.get(table.spec.uid) !== table) return;
      const slice = await Slice.begin('expiry');
      const { keys, next } = rows.stale(upToSeq, from, Math.min(VICTIMS_MAX, excess));
      slice.end();
      if (keys.length > 0) await this.#remove(table, keys, upToSeq, reason);
      from = next;
    } while (from !== undefined);
    if (table.spill === undefined) return;
    // What left memory before the scan came to it stands in the store by now.
    for await (const stored of staleStoredRows(this.#parts.store, table, upToSeq, VICTIMS_MAX)) {
      if (this.#stopped || this.#parts.tables.get(table.spec.uid) !== table) return;
      const keys = table.spill.withoutRemoved(stored);
      if (keys.length > 0) await this.#remove(table, keys, upToSeq, reason);
    }
  }

  /** Resolves when the rows are gone. */
  async #remove(table: LiveTable, keys: PackedKeys, upToSeq: number, reason: RemoveReason): Promise<void> {
    const { log, counters, tables, clock } = this.#parts;
    const { uid: tableUid } = table.spec;
    // It may have been dropped since the choice was made: then no record must name it any more.
    if (this.#stopped || tables.get(tableUid) !== table) return;
    const begunMs = clock.now();
    await new Promise<void>((resolve, reject) => {
      this.#giveUp = reject;
      const record = (seq: number) => ({ kind: 'remove', seq, tableUid, reason, upToSeq, keys }) as const;
      log.submit({
        bytes: keys.byteLength,
        encode: (seq) => encodeLogRecord(record(seq)),
        ready: () => takeInAll([{ tableUid, keys }], tables),
        apply: (seq) => {
          if (tables.get(tableUid) !== table) counters.skippedRecords++;
          else counters.removed(reason, table.remove(record(seq)));
          resolve();
        },
        refuse: reject,
      });
    });
    this.#removingMs += clock.now() - begunMs;
  }
}

/** Seqs of rows spread evenly over the table; all of them when they are few. */
async function sampleSeqs(rows: RowTable): Promise<Float64Array> {
  const pages = rows.pageCounts.reduce((sum, count) => sum + count, 0);
  const pageStep = Math.max(1, Math.floor(pages / LRU_SAMPLE_PAGES));
  const rowStep = Math.max(1, Math.ceil(rows.rows / pageStep / LRU_SAMPLE_ROWS));
  const sample: number[] = [];
  const slice = await Slice.begin('expiry');
  let page = 0;
  let row = 0;
  for (const id of rows.pages(0)) {
    if (page++ % pageStep !== 0) continue;
    for (const seq of rows.rowSeqs(id)) {
      if (seq > 0 && row++ % rowStep === 0) sample.push(seq);
    }
    if (slice.over) await slice.next();
  }
  slice.end();
  return Float64Array.from(sample);
}
