// What a partition has done since its folder was new. Part of the durable state, so exact across kill -9.
import type { IgnoredReason, LateReason, OrphanReason, RejectedReason } from './reasons.ts';

export const INPUT_STREAMS = ['features', 'behaviour'] as const;
export type InputStream = (typeof INPUT_STREAMS)[number];

export interface Counters {
  /** Feature records and events admitted: neither rejected, repeated nor late. */
  requests: number;
  documents: number;
  events: number;
  /** First emissions of samples, and sample records of any revision. */
  samples: number;
  sampleRecords: number;
  /** Samples of which a label was decided, by label: under `wait` at the end of its window, under `fast` at once. */
  labelled: Record<string, number>;
  /** Samples with mask 1 and value 1, by label. */
  positives: Record<string, number>;
  duplicates: Record<InputStream, number>;
  /** Duplicates whose content differs from the first. */
  conflicts: Record<InputStream, number>;
  /** Far-future time stamps. */
  clamped: number;
  /** Requests whose last window has not passed. */
  openRequests: number;
  rejected: Partial<Record<RejectedReason, number>>;
  late: Partial<Record<LateReason, number>>;
  orphans: Partial<Record<OrphanReason, number>>;
  ignored: Partial<Record<IgnoredReason, number>>;
}

export function emptyCounters(labels: readonly string[]): Counters {
  return {
    requests: 0,
    documents: 0,
    events: 0,
    samples: 0,
    sampleRecords: 0,
    labelled: Object.fromEntries(labels.map((label) => [label, 0])),
    positives: Object.fromEntries(labels.map((label) => [label, 0])),
    duplicates: { features: 0, behaviour: 0 },
    conflicts: { features: 0, behaviour: 0 },
    clamped: 0,
    openRequests: 0,
    rejected: {},
    late: {},
    orphans: {},
    ignored: {},
  };
}

export function countReason<R extends string>(counts: Partial<Record<R, number>>, reason: R): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}

/** Sum over reasons. */
export function totalOf(counts: Readonly<Record<string, number | undefined>>): number {
  let total = 0;
  for (const count of Object.values(counts)) total += count ?? 0;
  return total;
}
