// What `GET /evaluation` answers, and `GET /evaluation/totals`, of which the figures of several trainers together are made.
import { Evaluation, type EvaluationReport, type EvaluationTotals } from './core/evaluation/evaluation.ts';
import type { Totals } from './metrics.ts';

export interface TrainerReport extends EvaluationReport {
  readonly windows: number;
  readonly windows_by_reason: Totals['windowsByReason'];
  /** Unix ms below which every sample known of its partitions is trained and committed; null: it has no partitions. */
  readonly trained_time_ms: number | null;
  readonly push_rows: number;
  readonly pulled_rows: number;
  /** Rows whose gradient was not finite; left out. */
  readonly rejected_rows: number;
  /** Lists of predictions or scores that were no probabilities; left out of the figures. */
  readonly not_finite: number;
  /** Records left out, by reason. */
  readonly refused: Totals['refused'];
  /** Rows that shards passed over, by the code that says why. */
  readonly skipped_rows: Totals['skippedRows'];
  /** Samples learned again because some shard had not had them; they are in no figure. */
  readonly catch_up_samples: number;
  readonly rewinds: number;
  readonly retries: number;
  /** Mean number of pushes in flight at a pull. */
  readonly staleness: number | null;
}

export function evaluationReport(
  evaluation: Evaluation,
  totals: Readonly<Totals>,
  trainedTimeMs: number | null,
): TrainerReport {
  const { samples, requests, labels, experiments } = evaluation.report();
  return {
    samples,
    requests,
    windows: totals.windows,
    windows_by_reason: totals.windowsByReason,
    trained_time_ms: trainedTimeMs,
    push_rows: totals.pushRows,
    pulled_rows: totals.pulledRows,
    rejected_rows: totals.rejectedRows,
    not_finite: evaluation.notFinite,
    refused: totals.refused,
    skipped_rows: totals.skippedRows,
    catch_up_samples: totals.catchUpSamples,
    rewinds: totals.rewinds,
    retries: totals.retries,
    staleness: totals.windows > 0 ? totals.staleness / totals.windows : null,
    labels,
    experiments,
  };
}

export interface TrainerTotals {
  readonly trained_time_ms: number | null;
  readonly counters: Readonly<Totals>;
  readonly evaluation: EvaluationTotals;
}

/** The report of several trainers, as if one had trained all that they have. @param all at least one. */
export function mergedReport(all: readonly TrainerTotals[]): TrainerReport {
  const evaluation = new Evaluation(Object.keys(all[0]!.evaluation.labels));
  for (const one of all) evaluation.absorb(one.evaluation);
  const counters = all.map((one) => one.counters).reduce(added);
  const times = all.map((one) => one.trained_time_ms).filter((timeMs) => timeMs !== null);
  return evaluationReport(evaluation, counters, times.length === 0 ? null : Math.min(...times));
}

/** Adds numbers up, name by name. */
function added(a: Readonly<Totals>, b: Readonly<Totals>): Totals {
  const sum: Record<string, unknown> = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const own = sum[name];
    sum[name] = typeof value === 'number' ? Number(own) + value : addedCounts(own as Counts, value);
  }
  return sum as unknown as Totals;
}

type Counts = Readonly<Record<string, number>>;

function addedCounts(a: Counts, b: Counts): Counts {
  const sum = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
