// A push between its stream and the log: order and duplicates, validation, the record, and the outcome.
// Every submitted push gets exactly one outcome. Order is decided before content, so that a push sent again gets
// the answer that its number got the first time; and sources before content: what was applied is not looked at again.

import { WeirError } from '@weir/proto';
import type { ErrorDetail } from '@weir/proto/v1/common';
import type { PushClient } from '@weir/proto/v1/parameter_server';
import type { ClientNumbers } from '../../core/client-numbers.ts';
import { encodeLogRecord, type PushRecordPart } from '../../core/log-record.ts';
import type { SeqClock } from '../../core/seq-clock.ts';
import type { PushVerdict, SourceChanges, SourceOffsets } from '../../core/source-offsets.ts';
import type { Steps } from '../../core/steps.ts';
import type { ShardCounters } from '../counters.ts';
import type { LogEntry } from '../log/log-entry.ts';
import type { PushLog } from '../log/push-log.ts';
import { takeInAll } from '../spill/take-in.ts';
import type { Tables } from '../tables/tables.ts';
import type { WholePush } from './frames.ts';
import { type PendingPush, PendingPushes, type Settle, settleAll } from './pending-pushes.ts';
import type { PushOutcome } from './push-outcome.ts';
import {
  clientNumberOf,
  ONE_OFF,
  type PreparedPush,
  type PushPreparation,
  type WrittenPush,
} from './push-preparation.ts';
import type { PushTrace } from './push-trace.ts';

type Settled = Extract<PushOutcome, { kind: 'settled' }>;

export interface PushPipelineParts {
  readonly tables: Tables;
  readonly numbers: ClientNumbers;
  readonly sources: SourceOffsets;
  readonly log: PushLog;
  readonly preparation: PushPreparation;
  readonly seqClock: SeqClock;
  readonly counters: ShardCounters;
  /** Seconds from a whole push to its outcome. */
  pushLatency(seconds: number): void;
}

export class PushPipeline {
  readonly #parts: PushPipelineParts;
  readonly #pending = new PendingPushes();

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
    const { numbers, counters, log } = this.#parts;
    if (client === undefined) {
      this.#place({ client: ONE_OFF, settles: [settle] }, push, prepared);
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
        if (admission.pending) this.#pending.of(number).settles.push(settle);
        else settle({ kind: 'settled', seq: log.appliedSeq, refusal: admission.refusal });
        return false;
      case 'accepted': {
        const pending = { client: number, settles: [settle] };
        this.#pending.add(pending);
        this.#place(pending, push, prepared);
        return true;
      }
    }
  }

  /** Counts and answers a push that is not taken now; its number stays free. */
  turnAway(error: WeirError, settle: Settle): void {
    this.#parts.counters.refused(error.code);
    settle({ kind: 'turned away', error });
  }

  #place(pending: PendingPush, push: WholePush, prepared: PreparedPush | undefined): void {
    const { counters, log, preparation, sources } = this.#parts;
    const verdict = this.#judged(pending, push);
    if (verdict !== undefined && verdict.kind !== 'applies') {
      if (prepared !== undefined) preparation.release(prepared);
      if (verdict.kind === 'refused') this.#refuse(pending, verdict.error);
      else {
        counters.sourceRepeats++;
        log.submit(this.#numberEntry(pending, undefined));
      }
      return;
    }
    const made = prepared ?? preparation.whole(pending.client, push);
    if (made instanceof WeirError) {
      this.#refuse(pending, made);
      return;
    }
    const changes = verdict?.changes ?? NO_CHANGES;
    sources.place(changes);
    log.submit(this.#pushEntry(pending, push, made, changes));
  }

  /** By its sources, as they are when all records placed before are written; undefined for a push without. */
  #judged({ client }: PendingPush, { sources, error }: WholePush): PushVerdict | undefined {
    if (sources.length === 0 || error !== undefined) return undefined;
    if (client !== ONE_OFF) return this.#parts.sources.judge(sources);
    const message = 'a push with sources needs a client and a number: its outcome is told in their order';
    return { kind: 'refused', error: new WeirError('INVALID_ARGUMENT', message) };
  }

  #refuse(pending: PendingPush, error: WeirError): void {
    if (error.code === 'OVERLOADED') {
      this.#withdraw(pending, error);
      return;
    }
    this.#parts.counters.refused(error.code);
    const refusal = error.toDetail();
    if (pending.client !== ONE_OFF) this.#parts.log.submit(this.#numberEntry(pending, refusal));
    else settleAll(pending, { kind: 'settled', seq: 0, refusal });
  }

  /** Keeps nothing of the push itself, which would keep its messages' memory. */
  #pushEntry(
    pending: PendingPush,
    { originTimeMs, trace }: WholePush,
    written: WrittenPush,
    changes: SourceChanges,
  ): LogEntry {
    const { preparation, sources, pushLatency } = this.#parts;
    const begun = performance.now();
    return {
      bytes: written.record.bytes,
      encode: written.record.place,
      ready: () => takeInAll(written.record.parts, this.#parts.tables),
      trace,
      applySteps: (seq) => this.#applying(written.record.parts, seq, trace),
      apply: (seq) => {
        this.#applied(written, originTimeMs, seq, trace);
        sources.logged(changes);
        preparation.release(written);
        this.#settle(pending, { kind: 'settled', seq, refusal: undefined, skipped: written.skipped });
        pushLatency((performance.now() - begun) / 1000);
      },
      refuse: (error) => {
        preparation.release(written);
        sources.withdraw(changes);
        this.#withdraw(pending, error);
      },
    };
  }

  /** Uses a client's number up. @param refusal undefined: what the push brings was applied before. */
  #numberEntry(pending: PendingPush, refusal: ErrorDetail | undefined): LogEntry {
    const { client } = pending;
    return {
      bytes: 0,
      encode: (seq) =>
        encodeLogRecord(
          refusal === undefined
            ? { kind: 'repeat', seq, client }
            : { kind: 'refusal', seq, client, error: refusal },
        ),
      apply: (seq) => this.#settle(pending, { kind: 'settled', seq, refusal }),
      refuse: (failure) => this.#withdraw(pending, failure),
    };
  }

  *#applying(parts: readonly PushRecordPart[], seq: number, trace: PushTrace | undefined): Steps<void> {
    trace?.applyBegins();
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
  #applied(
    { record, clockMs, skipped }: WrittenPush,
    originTimeMs: number,
    seq: number,
    trace: PushTrace | undefined,
  ): void {
    this.#parts.seqClock.add(seq, clockMs);
    if (skipped !== undefined) this.#parts.counters.skipped(skipped);
    const { tables } = this.#parts;
    for (const part of record.parts)
      tables.get(part.tableUid)?.pushed(part, seq, originTimeMs, trace?.context);
    trace?.applied(seq);
  }

  #settle(pending: PendingPush, outcome: Settled): void {
    if (pending.client !== ONE_OFF) {
      this.#parts.numbers.logged(pending.client, outcome.refusal);
      this.#pending.forget(pending);
    }
    settleAll(pending, outcome);
  }

  #withdraw(pending: PendingPush, error: WeirError): void {
    this.#parts.counters.refused(error.code);
    if (pending.client !== ONE_OFF) {
      this.#parts.numbers.withdraw(pending.client);
      this.#pending.forget(pending);
    }
    settleAll(pending, { kind: 'turned away', error });
  }
}

const NO_CHANGES: SourceChanges = [];
