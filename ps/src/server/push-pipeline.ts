// A push between its stream and the log: order and duplicates, validation, the record, and the outcome.
// Every submitted push gets exactly one outcome. Order is decided before content, so that a push sent again gets
// the answer that its number got the first time.

import { WeirError } from '@weir/proto';
import type { ErrorDetail } from '@weir/proto/v1/common';
import type { PushClient } from '@weir/proto/v1/parameter_server';
import type { ClientNumbers } from '../core/client-numbers.ts';
import {
  type ClientNumber,
  encodeLogRecord,
  type PushRecordPart,
  preparePush,
  pushRecordBytesMax,
} from '../core/log-record.ts';
import type { Ownership } from '../core/routing.ts';
import { validatePush } from '../core/validate-push.ts';
import { LOG_BYTES_MAX, OVERLOADED_RETRY_AFTER_MS } from '../limits.ts';
import type { ShardCounters } from './counters.ts';
import type { WholePush } from './frames.ts';
import { MemoryPool } from './memory-pool.ts';
import type { LogEntry, PushLog } from './push-log.ts';
import type { ShardClock } from './shard-clock.ts';
import type { Tables } from './tables.ts';

export type PushOutcome =
  /** Its number is used up: applied (or a duplicate) when there is no refusal, else refused for good. */
  | { readonly kind: 'settled'; readonly seq: number; readonly refusal: ErrorDetail | undefined }
  /** Its number is still free; the same push may come again under it. */
  | { readonly kind: 'turned away'; readonly error: WeirError };

type Settle = (outcome: PushOutcome) => void;

/** Pushes without a number: each stands for itself, and a repeat is a new update. */
const ONE_OFF: ClientNumber = { id: '', incarnation: '', number: 0 };

export interface PushPipelineParts {
  readonly tables: Tables;
  readonly numbers: ClientNumbers;
  readonly log: PushLog;
  readonly ownership: Ownership;
  readonly counters: ShardCounters;
  readonly clock: ShardClock;
  /** Bytes of the log that no round has materialised yet. */
  logBytes(): number;
  /** Seconds from a whole push to its outcome. */
  pushLatency(seconds: number): void;
}

export class PushPipeline {
  readonly #parts: PushPipelineParts;
  /** Pushes admitted and not settled, by client and number: where their duplicates wait too. */
  readonly #pending = new Map<string, Settle[]>();
  readonly #records = new MemoryPool();

  constructor(parts: PushPipelineParts) {
    this.#parts = parts;
  }

  /** @param client undefined: a one-off push, in no order and without protection against repeats. */
  submit(client: PushClient | undefined, push: WholePush, settle: Settle): void {
    const { numbers, counters, log } = this.#parts;
    if (this.#parts.logBytes() > LOG_BYTES_MAX) {
      this.turnAway(overloaded('the log waits for materialisation'), settle);
      return;
    }
    if (client === undefined) {
      this.#place(ONE_OFF, push, [settle]);
      return;
    }
    const number: ClientNumber = { id: client.id, incarnation: client.incarnation, number: push.number };
    const admission = numbers.admit(number);
    switch (admission.kind) {
      case 'gap': {
        const message =
          `client ${client.id}: push ${push.number} came when ${admission.expected} was expected; ` +
          'numbers are contiguous per incarnation and shard';
        this.turnAway(new WeirError('SEQUENCE_GAP', message), settle);
        return;
      }
      case 'duplicate':
        counters.duplicates++;
        if (admission.pending) this.#pending.get(pendingKey(number))!.push(settle);
        else settle({ kind: 'settled', seq: log.appliedSeq, refusal: admission.refusal });
        return;
      case 'accepted': {
        const waiting = [settle];
        this.#pending.set(pendingKey(number), waiting);
        this.#place(number, push, waiting);
      }
    }
  }

  /** Counts and answers a push that is not taken now; its number stays free. */
  turnAway(error: WeirError, settle: Settle): void {
    this.#parts.counters.refused(error.code);
    settle({ kind: 'turned away', error });
  }

  /** Validates the push and hands its record to the log: what it does, or that it is refused. */
  #place(client: ClientNumber, push: WholePush, waiting: readonly Settle[]): void {
    const begun = performance.now();
    const checked = this.#check(push);
    if (checked instanceof WeirError) {
      this.#parts.counters.refused(checked.code);
      if (client === ONE_OFF) settleAll(waiting, { kind: 'settled', seq: 0, refusal: checked.toDetail() });
      else this.#parts.log.submit(this.#refusalEntry(client, checked.toDetail(), waiting));
      return;
    }
    this.#parts.log.submit(this.#pushEntry(client, push, checked, waiting, begun));
  }

  #check(push: WholePush): PushRecordPart[] | WeirError {
    if (push.error !== undefined) return push.error;
    if (push.hasSources) {
      return new WeirError('UNIMPLEMENTED', 'this version does not take pushes with source ranges');
    }
    if (!(push.originTimeMs >= 0 && push.originTimeMs < Number.POSITIVE_INFINITY)) {
      return new WeirError('INVALID_ARGUMENT', `origin_time_ms is ${push.originTimeMs}; Unix ms, or 0`);
    }
    const { tables, ownership } = this.#parts;
    try {
      return validatePush(push.parts, { table: (uid) => tables.get(uid)?.spec, ownership });
    } catch (error) {
      const refusal = WeirError.from(error);
      if (refusal.code === 'INTERNAL') throw error;
      return refusal;
    }
  }

  #pushEntry(
    client: ClientNumber,
    push: WholePush,
    parts: readonly PushRecordPart[],
    waiting: readonly Settle[],
    begun: number,
  ): LogEntry {
    const { originTimeMs } = push;
    const content = { client, clockMs: this.#parts.clock.now(), originTimeMs, parts };
    // The record is the copy that stays until the push is applied: the message's memory is free from here on.
    const memory = this.#records.take(pushRecordBytesMax(content));
    const record = preparePush(content, new Uint8Array(memory));
    return {
      bytes: record.bytes,
      encode: record.place,
      apply: (seq) => {
        this.#apply(record.parts, originTimeMs, seq);
        this.#records.give(memory);
        this.#settle(client, waiting, seq, undefined);
        this.#parts.pushLatency((performance.now() - begun) / 1000);
      },
      refuse: (error) => {
        this.#records.give(memory);
        this.#withdraw(client, waiting, error);
      },
    };
  }

  #refusalEntry(client: ClientNumber, error: ErrorDetail, waiting: readonly Settle[]): LogEntry {
    return {
      bytes: 0,
      encode: (seq) => encodeLogRecord({ kind: 'refusal', seq, client, error }),
      apply: (seq) => this.#settle(client, waiting, seq, error),
      refuse: (failure) => this.#withdraw(client, waiting, failure),
    };
  }

  #apply(parts: readonly PushRecordPart[], originTimeMs: number, seq: number): void {
    const { tables, counters } = this.#parts;
    counters.pushes++;
    for (const { tableUid, keys, values } of parts) {
      const table = tables.get(tableUid);
      if (table === undefined) {
        // Dropped between validation and here; a replay skips it likewise.
        counters.skippedRecords++;
        continue;
      }
      table.rows.push(keys, values, seq);
      table.origins.add(seq, originTimeMs);
      counters.pushRows += keys.length / 2;
    }
  }

  #settle(
    client: ClientNumber,
    waiting: readonly Settle[],
    seq: number,
    refusal: ErrorDetail | undefined,
  ): void {
    if (client !== ONE_OFF) {
      this.#parts.numbers.logged(client, refusal);
      this.#pending.delete(pendingKey(client));
    }
    settleAll(waiting, { kind: 'settled', seq, refusal });
  }

  #withdraw(client: ClientNumber, waiting: readonly Settle[], error: WeirError): void {
    this.#parts.counters.refused(error.code);
    if (client !== ONE_OFF) {
      this.#parts.numbers.withdraw(client);
      this.#pending.delete(pendingKey(client));
    }
    settleAll(waiting, { kind: 'turned away', error });
  }
}

/** What a client is told when bounded memory or disk is full. */
export function overloaded(why: string, retryAfterMs = OVERLOADED_RETRY_AFTER_MS): WeirError {
  return new WeirError('OVERLOADED', `${why}; try again later`, { retryAfterMs });
}

function settleAll(waiting: readonly Settle[], outcome: PushOutcome): void {
  for (const settle of waiting) settle(outcome);
}

function pendingKey({ id, incarnation, number }: ClientNumber): string {
  return `${id.length}:${id}${incarnation}:${number}`;
}
