// A push between its stream and the log: order and duplicates, validation, the record, and the outcome.
// Every submitted push gets exactly one outcome. Order is decided before content, so that a push sent again gets
// the answer that its number got the first time.

import { WeirError } from '@weir/proto';
import type { ErrorDetail } from '@weir/proto/v1/common';
import type { PushClient } from '@weir/proto/v1/parameter_server';
import type { ClientNumbers } from '../../core/client-numbers.ts';
import { type ClientNumber, encodeLogRecord, type PushRecordPart } from '../../core/log-record.ts';
import type { SeqClock } from '../../core/seq-clock.ts';
import type { Steps } from '../../core/steps.ts';
import { OVERLOADED_RETRY_AFTER_MS } from '../../limits.ts';
import type { ShardCounters } from '../counters.ts';
import type { LogEntry } from '../log/log-entry.ts';
import type { PushLog } from '../log/push-log.ts';
import { takeInAll } from '../spill/take-in.ts';
import type { Tables } from '../tables/tables.ts';
import type { WholePush } from './frames.ts';
import {
  clientNumberOf,
  ONE_OFF,
  type PreparedPush,
  type PushPreparation,
  type WrittenPush,
} from './push-preparation.ts';

export type PushOutcome =
  /** Its number is used up: applied (or a duplicate) when there is no refusal, else refused for good. */
  | { readonly kind: 'settled'; readonly seq: number; readonly refusal: ErrorDetail | undefined }
  /** Its number is still free; the same push may come again under it. */
  | { readonly kind: 'turned away'; readonly error: WeirError };

type Settle = (outcome: PushOutcome) => void;

export interface PushPipelineParts {
  readonly tables: Tables;
  readonly numbers: ClientNumbers;
  readonly log: PushLog;
  readonly preparation: PushPreparation;
  readonly seqClock: SeqClock;
  readonly counters: ShardCounters;
  /** Seconds from a whole push to its outcome. */
  pushLatency(seconds: number): void;
}

export class PushPipeline {
  readonly #parts: PushPipelineParts;
  /** Pushes admitted and not settled, by client and number: where their duplicates wait too. */
  readonly #pending = new Map<string, Settle[]>();

  constructor(parts: PushPipelineParts) {
    this.#parts = parts;
  }

  /**
   * @param client undefined: a one-off push, in no order and without protection against repeats.
   * @param prepared what PushPreparation made of it already; no other push was submitted since.
   */
  submit(client: PushClient | undefined, push: WholePush, settle: Settle, prepared?: PreparedPush): void {
    const { preparation } = this.#parts;
    const stands = prepared !== undefined && preparation.stands(prepared);
    const taken = this.#admit(client, push, settle, stands ? prepared : undefined);
    if (prepared !== undefined && !(taken && stands)) preparation.release(prepared);
  }

  /** @returns whether it is on its way to the log. */
  #admit(
    client: PushClient | undefined,
    push: WholePush,
    settle: Settle,
    prepared: PreparedPush | undefined,
  ): boolean {
    const { numbers, counters, log, preparation } = this.#parts;
    if (client === undefined) {
      this.#place(ONE_OFF, push, prepared ?? preparation.whole(ONE_OFF, push), [settle]);
      return true;
    }
    const number = clientNumberOf(client, push);
    const admission = numbers.admit(number);
    switch (admission.kind) {
      case 'gap': {
        const message =
          `client ${client.id}: push ${push.number} came when ${admission.expected} was expected; ` +
          'numbers are contiguous per incarnation and shard';
        this.turnAway(new WeirError('SEQUENCE_GAP', message), settle);
        return false;
      }
      case 'duplicate':
        counters.duplicates++;
        if (admission.pending) this.#pending.get(pendingKey(number))!.push(settle);
        else settle({ kind: 'settled', seq: log.appliedSeq, refusal: admission.refusal });
        return false;
      case 'accepted': {
        const waiting = [settle];
        this.#pending.set(pendingKey(number), waiting);
        this.#place(number, push, prepared ?? preparation.whole(number, push), waiting);
        return true;
      }
    }
  }

  /** Counts and answers a push that is not taken now; its number stays free. */
  turnAway(error: WeirError, settle: Settle): void {
    this.#parts.counters.refused(error.code);
    settle({ kind: 'turned away', error });
  }

  #place(client: ClientNumber, push: WholePush, prepared: PreparedPush, waiting: readonly Settle[]): void {
    const { counters, log } = this.#parts;
    if (!(prepared instanceof WeirError)) {
      log.submit(this.#pushEntry(client, push.originTimeMs, prepared, waiting));
      return;
    }
    counters.refused(prepared.code);
    if (client === ONE_OFF) settleAll(waiting, { kind: 'settled', seq: 0, refusal: prepared.toDetail() });
    else log.submit(this.#refusalEntry(client, prepared.toDetail(), waiting));
  }

  #pushEntry(
    client: ClientNumber,
    originTimeMs: number,
    push: WrittenPush,
    waiting: readonly Settle[],
  ): LogEntry {
    const { preparation, pushLatency } = this.#parts;
    const begun = performance.now();
    return {
      bytes: push.record.bytes,
      encode: push.record.place,
      ready: () => takeInAll(push.record.parts, this.#parts.tables),
      applySteps: (seq) => this.#applying(push.record.parts, seq),
      apply: (seq) => {
        this.#applied(push, originTimeMs, seq);
        preparation.release(push);
        this.#settle(client, waiting, seq, undefined);
        pushLatency((performance.now() - begun) / 1000);
      },
      refuse: (error) => {
        preparation.release(push);
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

  *#applying(parts: readonly PushRecordPart[], seq: number): Steps<void> {
    const { tables, counters } = this.#parts;
    counters.pushes++;
    for (const part of parts) {
      const table = tables.get(part.tableUid);
      if (table === undefined) {
        // Dropped between validation and here; a replay skips it likewise.
        counters.skippedRecords++;
        continue;
      }
      yield* table.pushing(part, seq);
      counters.pushRows += part.keys.length / 2;
    }
  }

  /** What holds as of the position: in the same turn as that. */
  #applied({ record, clockMs }: WrittenPush, originTimeMs: number, seq: number): void {
    this.#parts.seqClock.add(seq, clockMs);
    for (const part of record.parts) this.#parts.tables.get(part.tableUid)?.pushed(part, seq, originTimeMs);
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
