// What can be done of a push before its turn: its content is validated, its new keys admitted and given room, and its
// record written but for the position. In steps, so that a large push does not hold up what else the shard does.
import { WeirError } from '@weir/proto';
import type { PushClient } from '@weir/proto/v1/parameter_server';
import type { ClientNumber, PushRecordPart } from '../../core/log-record.ts';
import { pushRecordBytesMax, type UnplacedPush, writingPush } from '../../core/push-record.ts';
import type { Ownership } from '../../core/routing.ts';
import { placesBefore, SkippedRows, withoutRows } from '../../core/skipped-rows.ts';
import { runThrough, type Steps } from '../../core/steps.ts';
import { validatingPush } from '../../core/validate-push.ts';
import type { ShardCounters } from '../counters.ts';
import { MemoryPool } from '../memory-pool.ts';
import type { ShardClock } from '../shard-clock.ts';
import type { LiveTable } from '../tables/live-table.ts';
import type { Tables } from '../tables/tables.ts';
import type { WholePush } from './frames.ts';
import { overloaded } from './overloaded.ts';

/** Pushes without a number: each stands for itself, and a repeat is a new update. */
export const ONE_OFF: ClientNumber = { id: '', incarnation: '', number: 0 };

/** A push's record without a position, in memory that goes back with `release`. */
export interface WrittenPush {
  readonly record: UnplacedPush;
  readonly memory: ArrayBuffer;
  readonly clockMs: number;
  readonly promises: readonly RowPromise[];
  /** Of a push with sources. */
  readonly skipped: SkippedRows | undefined;
}

/** Rows of a table that the push may make, for which there is room. */
interface RowPromise {
  readonly table: LiveTable;
  readonly rows: number;
}

/** Of a push with sources: its parts before admission, and where rows that are left out of it are noted. */
interface Skipping {
  readonly valid: readonly PushRecordPart[];
  readonly skipped: SkippedRows;
}

/** The record, or why the push is refused; with OVERLOADED its number stays free. */
export type PreparedPush = WrittenPush | WeirError;

export interface PushPreparationParts {
  readonly tables: Tables;
  readonly ownership: Ownership;
  readonly clock: ShardClock;
  readonly counters: ShardCounters;
  /** The position that the next push is about to get. */
  draw(): number;
}

export function clientNumberOf({ id, incarnation }: PushClient, { number }: WholePush): ClientNumber {
  return { id, incarnation, number };
}

export class PushPreparation {
  readonly #parts: PushPreparationParts;
  readonly #records = new MemoryPool();

  constructor(parts: PushPreparationParts) {
    this.#parts = parts;
  }

  /** Pushes are prepared in the order in which they go to the log. */
  *steps(client: ClientNumber, push: WholePush): Steps<PreparedPush> {
    const { originTimeMs, sources } = push;
    const skipped = sources.length === 0 ? undefined : new SkippedRows();
    const valid = yield* this.#checking(push, skipped);
    if (valid instanceof WeirError) return valid;
    const admitted = yield* this.#admitting(valid);
    const promises: RowPromise[] = [];
    const parts = yield* this.#promising(admitted, promises, skipped && { skipped, valid });
    if (parts instanceof WeirError) return parts;
    const clockMs = this.#parts.clock.now();
    const content = { client, clockMs, originTimeMs, sources, parts };
    // The record is the copy that stays until the push is applied: the message's memory is free from here on.
    const memory = this.#records.take(pushRecordBytesMax(content));
    const record = yield* writingPush(content, new Uint8Array(memory));
    return { record, memory, clockMs, promises, skipped };
  }

  whole(client: ClientNumber, push: WholePush): PreparedPush {
    return runThrough(this.steps(client, push));
  }

  /**
   * Whether all tables that it names are there: one may have been dropped while it was prepared, and no record must name
   * a table after those that were waiting when it was dropped.
   */
  stands(prepared: PreparedPush): boolean {
    if (prepared instanceof WeirError) return true;
    return prepared.record.parts.every(({ tableUid }) => this.#parts.tables.get(tableUid) !== undefined);
  }

  /** Nobody looks at the record any more. */
  release(prepared: PreparedPush): void {
    if (prepared instanceof WeirError) return;
    this.#records.give(prepared.memory);
    release(prepared.promises);
  }

  *#admitting(valid: readonly PushRecordPart[]): Steps<PushRecordPart[]> {
    const { tables, counters, draw } = this.#parts;
    const parts: PushRecordPart[] = [];
    for (const part of valid) {
      // Dropped meanwhile: the record is skipped when its turn comes.
      const table = tables.get(part.tableUid);
      const admitted = table === undefined ? part : yield* table.admitting(part, draw());
      counters.heldUpdates += (part.keys.length - admitted.keys.length) / 2;
      parts.push(admitted);
    }
    return parts;
  }

  /**
   * @param skipping where there is room for no more rows, new keys are left out of the push.
   * @returns what of the parts there is room for, or why there is none; then nothing is promised.
   */
  *#promising(
    parts: readonly PushRecordPart[],
    promises: RowPromise[],
    skipping: Skipping | undefined,
  ): Steps<readonly PushRecordPart[] | WeirError> {
    let taken = parts;
    for (const [i, part] of parts.entries()) {
      const table = this.#parts.tables.get(part.tableUid);
      if (table === undefined) continue;
      const rows = yield* table.promisingRows(part.keys);
      if (rows !== undefined) promises.push({ table, rows });
      else if (skipping !== undefined && table.spill === undefined) {
        taken = taken.with(i, withoutNewKeys(part, skipping.valid[i]!, table, skipping.skipped));
      } else {
        release(promises);
        // Of rows that are on disk nobody can tell here whether they are new; some leave memory for others.
        return skipping === undefined ? tableFull(table.spec.name) : noRoomYet(table.spec.name);
      }
    }
    return taken;
  }

  *#checking(push: WholePush, skipped: SkippedRows | undefined): Steps<PushRecordPart[] | WeirError> {
    if (push.error !== undefined) return push.error;
    if (!(push.originTimeMs >= 0 && push.originTimeMs < Number.POSITIVE_INFINITY)) {
      return new WeirError('INVALID_ARGUMENT', `origin_time_ms is ${push.originTimeMs}; Unix ms, or 0`);
    }
    const { tables, ownership } = this.#parts;
    try {
      const context = { table: (uid: string) => tables.get(uid)?.spec, ownership };
      return yield* validatingPush(push.parts, context, skipped);
    } catch (error) {
      const refusal = WeirError.from(error);
      if (refusal.code === 'INTERNAL') throw error;
      return refusal;
    }
  }
}

function release(promises: readonly RowPromise[]): void {
  for (const { table, rows } of promises) table.releaseRows(rows);
}

/** All at once: a full table is not where pushes have to be quick. */
function withoutNewKeys(
  part: PushRecordPart,
  valid: PushRecordPart,
  table: LiveTable,
  skipped: SkippedRows,
): PushRecordPart {
  const flags = new Uint8Array(part.keys.length / 2);
  table.rows.absent(part.keys, flags);
  const rows: number[] = [];
  for (let row = 0; row < flags.length; row++) if (flags[row] === 1) rows.push(row);
  skipped.full(part.tableUid, placesBefore(valid.keys, part.keys, rows));
  return withoutRows(part, rows);
}

function noRoomYet(table: string): WeirError {
  return overloaded(`table ${table}: rows that are in memory have to leave for disk first`);
}

function tableFull(table: string): WeirError {
  return new WeirError(
    'TABLE_FULL',
    `table ${table}: its memory on this shard has no room for the push's new keys; nothing of the push was applied. ` +
      'Keys that have rows can still be pushed; expire or evict rows, or add shards',
    { table },
  );
}
