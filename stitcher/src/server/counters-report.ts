// `GET /counters`: totals over partitions, reasons apart, and each partition's times. From the durable state, so kill
// -9 and a restart do not change what was counted.
import { type Counters, totalOf } from '../core/counters.ts';
import type { Join } from '../core/join.ts';

export interface CountersReport {
  readonly requests: number;
  readonly documents: number;
  readonly events: number;
  readonly samples: number;
  readonly sample_records: number;
  readonly labelled: Readonly<Record<string, number>>;
  readonly positives: Readonly<Record<string, number>>;
  readonly rejected: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly late: number;
  readonly orphans: number;
  readonly ignored: number;
  readonly clamped: number;
  /** Negatives held back; the hold itself comes with a later version. */
  readonly held: number;
  readonly open_requests: number;
  readonly waiting_events: number;
  /** Of the partition that is furthest behind; null: there is none. */
  readonly watermark_ms: number | null;
  readonly reasons: Readonly<
    Record<'rejected' | 'late' | 'orphans' | 'ignored', Readonly<Record<string, number>>>
  >;
  readonly partitions: readonly {
    readonly partition: number;
    readonly watermark_ms: number;
    readonly open_requests: number;
  }[];
}

export function countersReport(joins: readonly Join[]): CountersReport {
  const all = joins.map(({ counters }) => counters);
  const sum = (pick: (counters: Counters) => number) =>
    all.reduce((total, counters) => total + pick(counters), 0);
  const reasons = {
    rejected: summed(all.map(({ rejected }) => rejected)),
    late: summed(all.map(({ late }) => late)),
    orphans: summed(all.map(({ orphans }) => orphans)),
    ignored: summed(all.map(({ ignored }) => ignored)),
  };
  return {
    requests: sum(({ requests }) => requests),
    documents: sum(({ documents }) => documents),
    events: sum(({ events }) => events),
    samples: sum(({ samples }) => samples),
    sample_records: sum(({ sampleRecords }) => sampleRecords),
    labelled: summed(all.map(({ labelled }) => labelled)),
    positives: summed(all.map(({ positives }) => positives)),
    rejected: totalOf(reasons.rejected),
    duplicates: sum(({ duplicates }) => duplicates.features + duplicates.behaviour),
    conflicts: sum(({ conflicts }) => conflicts.features + conflicts.behaviour),
    late: totalOf(reasons.late),
    orphans: totalOf(reasons.orphans),
    ignored: totalOf(reasons.ignored),
    clamped: sum(({ clamped }) => clamped),
    held: 0,
    open_requests: sum(({ openRequests }) => openRequests),
    waiting_events: joins.reduce((total, { waiting }) => total + waiting.count, 0),
    watermark_ms: joins.length === 0 ? null : Math.min(...joins.map(({ watermarkMs }) => watermarkMs)),
    reasons,
    partitions: joins.map(({ options, watermarkMs, counters }) => ({
      partition: options.partition,
      watermark_ms: watermarkMs,
      open_requests: counters.openRequests,
    })),
  };
}

function summed(counts: readonly Readonly<Record<string, number | undefined>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const one of counts) {
    for (const [name, count] of Object.entries(one)) total[name] = (total[name] ?? 0) + (count ?? 0);
  }
  return total;
}
