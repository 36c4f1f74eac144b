// The books of a join: every record that does not become part of a sample is counted here with its reason, and goes
// to its side stream.
import { type Counters, countReason, type InputStream } from './counters.ts';
import type { JoinStep, OutputStream } from './join-step.ts';
import type { Verdict } from './judge-event.ts';
import type { PendingEvent } from './pending-event.ts';
import type { IgnoredReason, RejectedReason } from './reasons.ts';
import { type LeftOut, sideRecord } from './side-outputs.ts';

export class Ledger {
  readonly counters: Counters;

  constructor(counters: Counters) {
    this.counters = counters;
  }

  reject(
    step: JoinStep,
    stream: InputStream,
    reason: RejectedReason,
    value: Uint8Array,
    record: { servingId: string; eventId?: string; timeMs: number } | undefined,
  ): void {
    countReason(this.counters.rejected, reason);
    const { servingId = '', eventId = '', timeMs = 0 } = record ?? {};
    leaveOut(step, 'rejected', { reason, stream, servingId, eventId, timeMs, value });
  }

  lateFeatures(step: JoinStep, servingId: string, timeMs: number, ageMs: number, value: Uint8Array): void {
    const reason = 'after_watermark';
    countReason(this.counters.late, reason);
    leaveOut(step, 'late', { reason, stream: 'features', servingId, timeMs, ageMs, value });
  }

  duplicate(stream: InputStream, isConflict: boolean): void {
    this.counters.duplicates[stream]++;
    if (isConflict) this.counters.conflicts[stream]++;
  }

  ignore(reason: IgnoredReason): void {
    countReason(this.counters.ignored, reason);
  }

  settle(step: JoinStep, { event, value, timeMs }: PendingEvent, verdict: Verdict): void {
    const { servingId, eventId } = event;
    switch (verdict.kind) {
      case 'positive':
        this.counters.events++;
        return;
      case 'duplicate':
        this.duplicate('behaviour', verdict.conflicting);
        return;
      case 'late': {
        const { reason, ageMs } = verdict;
        countReason(this.counters.late, reason);
        leaveOut(step, 'late', {
          reason,
          stream: 'behaviour',
          servingId,
          eventId,
          timeMs,
          ageMs,
          value,
        });
        return;
      }
      case 'orphan': {
        const { reason } = verdict;
        countReason(this.counters.orphans, reason);
        leaveOut(step, 'orphans', { reason, stream: 'behaviour', servingId, eventId, timeMs, value });
      }
    }
  }
}

function leaveOut(step: JoinStep, stream: OutputStream, leftOut: LeftOut): void {
  step.outputs[stream].push({ value: sideRecord(leftOut) });
}
