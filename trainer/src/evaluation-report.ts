// What `GET /evaluation` answers.
import type { Evaluation, EvaluationReport } from './core/evaluation/evaluation.ts';
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
  /** Requests learned again because some shard had not had them; they are in no figure. */
  readonly catch_up_requests: number;
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
  const { samples, requests, labels } = evaluation.report();
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
    catch_up_requests: totals.catchUpRequests,
    rewinds: totals.rewinds,
    retries: totals.retries,
    staleness: totals.windows > 0 ? totals.staleness / totals.windows : null,
    labels,
  };
}
