// What can be done of a push before its turn: its content is validated, its new keys admitted and given room, and its
// record written but for the position. In steps, so that a large push does not hold up what else the shard does.
import { WeirError } from '@weir/proto';
import type { PushClient } from '@weir/proto/v1/parameter_server';
import type { ClientNumber, PushRecordPart } from '../../core/log-record.ts';
import { pushRecordBytesMax, type UnplacedPush, writingPush } from '../../core/push-record.ts';
import type { Ownership } from '../../core/routing.ts';
import { runThrough, type Steps } from '../../core/steps.ts';
import { validatingPush } from '../../core/validate-push.ts';
import type { ShardCounters } from '../counters.ts';
import { MemoryPool } from '../memory-pool.ts';
import type { ShardClock } from '../shard-clock.ts';
import type { LiveTable } from '../tables/live-table.ts';
import type { Tables } from '../tables/tables.ts';
import type { WholePush } from './frames.ts';

/** Pushes without a number: each stands for itself, and a repeat is a new update. */
export const ONE_OFF: ClientNumber = { id: '', incarnation: '', number: 0 };

/** A push's record without a position, in memory that goes back with `release`. */
export interface WrittenPush {
  readonly record: UnplacedPush;
  readonly memory: ArrayBuffer;
  readonly clockMs: number;
  readonly promises: readonly RowPromise[];
}

/** Rows of a table that the push may make, for which there is room. */
interface RowPromise {
  readonly table: LiveTable;
  readonly rows: number;
}

/** The record, or why the push is refused. */
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
    const valid = yield* this.#checking(push);
    if (valid instanceof WeirError) return valid;
    const parts = yield* this.#admitting(valid);
    const promises: RowPromise[] = [];
    const full = yield* this.#promising(parts, promises);
    if (full !== undefined) return full;
    const clockMs = this.#parts.clock.now();
    const content = { client, clockMs, originTimeMs: push.originTimeMs, parts };
    // The record is the copy that stays until the push is applied: the message's memory is free from here on.
    const memory = this.#records.take(pushRecordBytesMax(content));
    return { record: yield* writingPush(content, new Uint8Array(memory)), memory, clockMs, promises };
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

  /** @returns why there is no room; then nothing is promised. */
  *#promising(parts: readonly PushRecordPart[], promises: RowPromise[]): Steps<WeirError | undefined> {
    for (const { tableUid, keys } of parts) {
      const table = this.#parts.tables.get(tableUid);
      if (table === undefined) continue;
      const rows = yield* table.promisingRows(keys);
      if (rows === undefined) {
        release(promises);
        return tableFull(table.spec.name);
      }
      promises.push({ table, rows });
    }
    return undefined;
  }

  *#checking(push: WholePush): Steps<PushRecordPart[] | WeirError> {
    if (push.error !== undefined) return push.error;
    if (push.hasSources) {
      return new WeirError('UNIMPLEMENTED', 'this version does not take pushes with source ranges');
    }
    if (!(push.originTimeMs >= 0 && push.originTimeMs < Number.POSITIVE_INFINITY)) {
      return new WeirError('INVALID_ARGUMENT', `origin_time_ms is ${push.originTimeMs}; Unix ms, or 0`);
    }
    const { tables, ownership } = this.#parts;
    try {
      return yield* validatingPush(push.parts, { table: (uid) => tables.get(uid)?.spec, ownership });
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

function tableFull(table: string): WeirError {
  return new WeirError(
    'TABLE_FULL',
    `table ${table}: its memory on this shard has no room for the push's new keys; nothing of the push was applied. ` +
      'Keys that have rows can still be pushed; expire or evict rows, or add shards',
    { table },
  );
}
