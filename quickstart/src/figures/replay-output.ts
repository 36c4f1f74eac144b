// The one line that `weir replay --json` prints. Pure.
import type { ReplayProgress } from '../replay/replay.ts';
import type { ServedFigures, ServiceFigures } from './service-figures.ts';

export interface LabelOutput {
  readonly positives: number;
  readonly log_loss: number | null;
  readonly normalised_entropy: number | null;
  readonly auc: number | null;
  readonly served?: ServedFigures;
}

export interface ReplayOutput {
  readonly requests: number;
  readonly impressions: number;
  readonly events: number;
  readonly samples: number;
  readonly rejected: number;
  readonly duplicates: number;
  readonly late: number;
  readonly orphans: number;
  readonly labels: Readonly<Record<string, LabelOutput>>;
  readonly duration_s: number;
  readonly samples_per_s: number;
  readonly freshness_p50_ms: number | null;
  readonly freshness_p99_ms: number | null;
  readonly rank_calls?: number;
  readonly push_rows: number;
  readonly delta_rows?: number;
  readonly processes: number;
}

export interface ReplayOutputInput {
  readonly progress: ReplayProgress;
  readonly figures: ServiceFigures;
  readonly labels: readonly string[];
  readonly badLines: number;
  /** Leaves out what depends on when deltas arrived. */
  readonly deterministic: boolean;
}

export function replayOutput(input: ReplayOutputInput): ReplayOutput {
  const { progress, figures, deterministic } = input;
  const durationS = progress.durationMs / 1000;
  return {
    requests: progress.requests,
    impressions: progress.impressions,
    events: progress.events,
    samples: progress.samples,
    // Whoever noticed it: the reader, the predictor, the collector or the stitcher.
    rejected: input.badLines + progress.refused + figures.rejected,
    duplicates: figures.duplicates,
    late: figures.late,
    orphans: figures.orphans,
    labels: Object.fromEntries(input.labels.map((label) => [label, labelOutput(label, input)])),
    duration_s: rounded(durationS, 3),
    samples_per_s: rounded(progress.samples / durationS, 1),
    freshness_p50_ms: figures.freshnessP50Ms,
    freshness_p99_ms: figures.freshnessP99Ms,
    ...(!deterministic && { rank_calls: figures.rankCalls }),
    push_rows: figures.shards.reduce((sum, shard) => sum + shard.pushRows, 0),
    ...(!deterministic && { delta_rows: figures.deltaRows }),
    processes: figures.processes,
  };
}

function labelOutput(label: string, { progress, figures, deterministic }: ReplayOutputInput): LabelOutput {
  const trained = figures.labels.get(label);
  return {
    positives: progress.positives.get(label) ?? 0,
    log_loss: trained?.log_loss ?? null,
    normalised_entropy: trained?.normalised_entropy ?? null,
    auc: trained?.auc ?? null,
    ...(!deterministic && {
      served: trained?.served ?? { log_loss: null, auc: null, gauc: null, mrr: null, ndcg_10: null },
    }),
  };
}

function rounded(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : 0;
}
