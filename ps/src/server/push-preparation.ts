// What can be done of a push before its turn: its content is validated, and its record written but for the position. In
// steps, so that a large push does not hold up what else the shard does.
import { WeirError } from '@weir/proto';
import type { PushClient } from '@weir/proto/v1/parameter_server';
import type { ClientNumber, PushRecordPart } from '../core/log-record.ts';
import { pushRecordBytesMax, type UnplacedPush, writingPush } from '../core/push-record.ts';
import type { Ownership } from '../core/routing.ts';
import { runThrough, type Steps } from '../core/steps.ts';
import { validatingPush } from '../core/validate-push.ts';
import type { WholePush } from './frames.ts';
import { MemoryPool } from './memory-pool.ts';
import type { ShardClock } from './shard-clock.ts';
import type { Tables } from './tables.ts';

/** Pushes without a number: each stands for itself, and a repeat is a new update. */
export const ONE_OFF: ClientNumber = { id: '', incarnation: '', number: 0 };

/** A push's record without a position, in memory that goes back with `release`. */
export interface WrittenPush {
  readonly record: UnplacedPush;
  readonly memory: ArrayBuffer;
}

/** The record, or why the push is refused. */
export type PreparedPush = WrittenPush | WeirError;

export interface PushPreparationParts {
  readonly tables: Tables;
  readonly ownership: Ownership;
  readonly clock: ShardClock;
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
    const parts = yield* this.#checking(push);
    if (parts instanceof WeirError) return parts;
    const content = { client, clockMs: this.#parts.clock.now(), originTimeMs: push.originTimeMs, parts };
    // The record is the copy that stays until the push is applied: the message's memory is free from here on.
    const memory = this.#records.take(pushRecordBytesMax(content));
    return { record: yield* writingPush(content, new Uint8Array(memory)), memory };
  }

  whole(client: ClientNumber, push: WholePush): PreparedPush {
    return runThrough(this.steps(client, push));
  }

  /** Nobody looks at the record any more. */
  release(prepared: PreparedPush): void {
    if (!(prepared instanceof WeirError)) this.#records.give(prepared.memory);
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
