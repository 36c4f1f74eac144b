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

/** Who waits for the outcome of a push: whoever sent it, and its duplicates. */
interface PendingPush {
  readonly client: ClientNumber;
  readonly settles: Settle[];
}

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
  /** Admitted and not settled, in the order of the log: an array, since they come and go with every push. */
  readonly #pending: PendingPush[] = [];

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
      const pending = { client: ONE_OFF, settles: [settle] };
      this.#place(pending, push, prepared ?? preparation.whole(ONE_OFF, push));
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
        if (admission.pending) this.#pendingOf(number).settles.push(settle);
        else settle({ kind: 'settled', seq: log.appliedSeq, refusal: admission.refusal });
        return false;
      case 'accepted': {
        const pending = { client: number, settles: [settle] };
        this.#pending.push(pending);
        this.#place(pending, push, prepared ?? preparation.whole(number, push));
        return true;
      }
    }
  }

  /** Counts and answers a push that is not taken now; its number stays free. */
  turnAway(error: WeirError, settle: Settle): void {
    this.#parts.counters.refused(error.code);
    settle({ kind: 'turned away', error });
  }

  #place(pending: PendingPush, push: WholePush, prepared: PreparedPush): void {
    const { counters, log } = this.#parts;
    if (!(prepared instanceof WeirError)) {
      log.submit(this.#pushEntry(pending, push.originTimeMs, prepared));
      return;
    }
    counters.refused(prepared.code);
    if (pending.client !== ONE_OFF) log.submit(this.#refusalEntry(pending, prepared.toDetail()));
    else settleAll(pending.settles, { kind: 'settled', seq: 0, refusal: prepared.toDetail() });
  }

  #pushEntry(pending: PendingPush, originTimeMs: number, push: WrittenPush): LogEntry {
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
        this.#settle(pending, seq, undefined);
        pushLatency((performance.now() - begun) / 1000);
      },
      refuse: (error) => {
        preparation.release(push);
        this.#withdraw(pending, error);
      },
    };
  }

  #refusalEntry(pending: PendingPush, error: ErrorDetail): LogEntry {
    return {
      bytes: 0,
      encode: (seq) => encodeLogRecord({ kind: 'refusal', seq, client: pending.client, error }),
      apply: (seq) => this.#settle(pending, seq, error),
      refuse: (failure) => this.#withdraw(pending, failure),
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

  #settle(pending: PendingPush, seq: number, refusal: ErrorDetail | undefined): void {
    if (pending.client !== ONE_OFF) {
      this.#parts.numbers.logged(pending.client, refusal);
      this.#forget(pending);
    }
    settleAll(pending.settles, { kind: 'settled', seq, refusal });
  }

  #withdraw(pending: PendingPush, error: WeirError): void {
    this.#parts.counters.refused(error.code);
    if (pending.client !== ONE_OFF) {
      this.#parts.numbers.withdraw(pending.client);
      this.#forget(pending);
    }
    settleAll(pending.settles, { kind: 'turned away', error });
  }

  #pendingOf({ id, incarnation, number }: ClientNumber): PendingPush {
    return this.#pending.find(
      ({ client }) => client.number === number && client.incarnation === incarnation && client.id === id,
    )!;
  }

  /** Settled pushes are the oldest, withdrawn ones the newest. */
  #forget(pending: PendingPush): void {
    if (this.#pending[0] === pending) this.#pending.shift();
    else this.#pending.splice(this.#pending.lastIndexOf(pending), 1);
  }
}

/** What a client is told when bounded memory or disk is full. */
export function overloaded(why: string, retryAfterMs = OVERLOADED_RETRY_AFTER_MS): WeirError {
  return new WeirError('OVERLOADED', `${why}; try again later`, { retryAfterMs });
}

function settleAll(waiting: readonly Settle[], outcome: PushOutcome): void {
  for (const settle of waiting) settle(outcome);
}
