// A shard's state from its folder: pages first, then every record from the low mark on. A record applies to a row
// only above the seq with which the row was loaded, so the recovered rows equal the lost ones bit for bit.
// Nothing is passed over in silence: positions are contiguous, every record and page has its checksum.
import { WeirError } from '@weir/proto';
import { TableSpec } from '@weir/proto/v1/tables';
import type { Store } from '@weir/store';
import { decodeLogRecord, type LogRecord } from '../../core/log-record.ts';
import { replaySources } from '../../core/replay-sources.ts';
import { RECOVERY_READ_ENTRIES } from '../../limits.ts';
import {
  DROPPED_RANGE,
  LOG,
  LOW_MARK_KEY,
  META,
  seqKey,
  seqOfKey,
  TABLE_RANGE,
  uidOfDroppedKey,
} from '../folder/families.ts';
import { decodeLowMark, FIRST_LOW_MARK, type LowMark } from '../folder/low-mark.ts';
import { loadMarkedState, type MarkedParts } from '../folder/marked-state.ts';
import { Slice } from '../slices.ts';
import { restoreSpilled } from '../spill/rows-at-mark.ts';
import { takeInAll } from '../spill/take-in.ts';
import type { LiveTable } from '../tables/live-table.ts';
import { Tables } from '../tables/tables.ts';
import { loadPages, nextSlice, type RecoveryParts } from './load-pages.ts';

export interface Recovered extends MarkedParts {
  readonly tables: Tables;
  readonly lowMark: number;
  /** Position of the next record. */
  readonly nextSeq: number;
  readonly logBytes: number;
  readonly skippedRecords: number;
}

/** Whether the folder holds tables or log records. */
export async function holdsData(store: Store): Promise<boolean> {
  if ((await store.get(META, LOW_MARK_KEY)) !== undefined) return true;
  for await (const _ of store.range(LOG, { limit: 1 })) return true;
  for await (const _ of store.range(META, { ...TABLE_RANGE, limit: 1 })) return true;
  return false;
}

/** @throws WeirError CORRUPT naming the position or page; CONFIGURATION for a newer format; CANCELLED. */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  const { store } = parts;
  const markBytes = await store.get(META, LOW_MARK_KEY);
  const mark = markBytes === undefined ? FIRST_LOW_MARK : decodeLowMark(markBytes);
  const tables = await loadDefinitions(store);
  try {
    return await loadRows(parts, mark, tables);
  } catch (error) {
    await tables.stop();
    throw error;
  }
}

async function loadRows(parts: RecoveryParts, mark: LowMark, tables: Tables): Promise<Recovered> {
  const { store, progress } = parts;
  progress.enter('loading pages');
  await loadPages(parts, tables.list(), mark);
  await restoreSpilled(store, tables);
  const marked = await loadMarkedState(store, mark.seq, tables);
  progress.enter('replaying the log');
  const replayed = await replay(parts, mark, tables, marked);
  progress.enter('recovered');
  return replayed;
}

async function loadDefinitions(store: Store): Promise<Tables> {
  const tables = new Tables(store);
  for await (const { key } of store.range(META, DROPPED_RANGE)) {
    // Records that name it are all replayed before a round can forget it.
    tables.drop(uidOfDroppedKey(key), 0);
  }
  for await (const { value } of store.range(META, TABLE_RANGE)) {
    const spec = TableSpec.decode(value);
    if (!tables.isDropped(spec.uid)) tables.add(spec);
  }
  return tables;
}

async function replay(
  { store, progress, signal }: RecoveryParts,
  mark: LowMark,
  tables: Tables,
  marked: MarkedParts,
): Promise<Recovered> {
  const slice = new Slice('recovery');
  let nextSeq = mark.seq;
  let skippedRecords = 0;
  for await (const { key } of store.range(LOG, { reverse: true, limit: 1 })) {
    progress.recordsTotal = Math.max(0, seqOfKey(key) + 1 - mark.seq);
  }
  const range = { gte: seqKey(mark.seq), readEntries: RECOVERY_READ_ENTRIES };
  for await (const { key, value } of store.range(LOG, range)) {
    const seq = seqOfKey(key);
    if (seq !== nextSeq) {
      const message =
        `the push log goes on at ${seq}, but record ${nextSeq} was expected: records are missing; ` +
        'restore the folder from a copy';
      throw new WeirError('CORRUPT', message);
    }
    const record = decodeLogRecord(value, seq);
    if (record.kind === 'push') marked.seqClock.add(seq, record.clockMs);
    await takeInRows(record, tables);
    skippedRecords += replayRecord(record, tables, marked);
    nextSeq++;
    progress.records++;
    progress.logBytes += value.byteLength;
    progress.rows += rowsOf(record);
    if (slice.over) await nextSlice(slice, signal);
  }
  slice.end();
  const { logBytes } = progress;
  return { ...marked, tables, lowMark: mark.seq, nextSeq, logBytes, skippedRecords };
}

/** A record applies to a row as it was stored: where it is in the store only, it comes into memory first. */
async function takeInRows(record: LogRecord, tables: Tables): Promise<void> {
  if (record.kind === 'push') await takeInAll(record.parts, tables);
  else if (record.kind === 'remove') await takeInAll([record], tables);
}

function rowsOf(record: LogRecord): number {
  return record.kind === 'push' ? record.parts.reduce((sum, { keys }) => sum + keys.length / 2, 0) : 0;
}

/** @returns how many parts it skipped, because their tables are dropped. */
function replayRecord(record: LogRecord, tables: Tables, { numbers, sources }: MarkedParts): number {
  replaySources(record, sources);
  switch (record.kind) {
    case 'create':
      if (tables.isDropped(record.spec.uid)) return 1;
      if (tables.get(record.spec.uid) === undefined) throw unknownTable(record.seq, record.spec.uid);
      return 0;
    case 'alter': {
      const table = tableOf(record.spec.uid, record.seq, tables);
      table?.alter(record.spec, record.seq);
      return table === undefined ? 1 : 0;
    }
    case 'remove': {
      const table = tableOf(record.tableUid, record.seq, tables);
      table?.remove(record);
      return table === undefined ? 1 : 0;
    }
    case 'drop':
      tables.drop(record.tableUid, record.seq);
      return 0;
    case 'forget':
      for (const client of record.clients) numbers.forget(client);
      return 0;
    case 'refusal':
      numbers.logged(record.client, record.error);
      return 0;
    case 'repeat':
      numbers.logged(record.client);
      return 0;
    case 'acquire':
    case 'reset':
      return 0;
    case 'push': {
      let skipped = 0;
      for (const part of record.parts) {
        const table = tableOf(part.tableUid, record.seq, tables);
        if (table === undefined) skipped++;
        else table.replay(part, record.seq, record.originTimeMs);
      }
      if (record.client.number > 0) numbers.logged(record.client);
      return skipped;
    }
  }
}

/** Undefined when it is dropped. @throws WeirError CORRUPT when nobody created it. */
function tableOf(uid: string, seq: number, tables: Tables): LiveTable | undefined {
  const table = tables.get(uid);
  if (table === undefined && !tables.isDropped(uid)) throw unknownTable(seq, uid);
  return table;
}

function unknownTable(seq: number, uid: string): WeirError {
  const message =
    `record ${seq} of the push log names table ${uid}, whose definition is missing; ` +
    'restore the folder from a copy';
  return new WeirError('CORRUPT', message, { table: uid });
}
