// What the predictor counts: instruments for /metrics, and the same totals for its counters route.
import { meter } from '@weir/runtime';

/** Sub-millisecond to seconds. */
const DURATION_BUCKETS_S = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const FRESHNESS_BUCKETS_S = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 1800, 3600];

export interface Totals {
  rankCalls: number;
  rankErrors: number;
  documents: number;
  deltaRows: number;
  pulledRows: number;
  priorRows: number;
  featureLogDropped: number;
}

export interface PredictorMetrics {
  readonly totals: Readonly<Totals>;
  ranked(documents: number, pulledRows: number, priorRows: number, durationMs: number): void;
  failed(code: string): void;
  deltaRows(rows: number): void;
  dropped(records: number, reason: string): void;
  freshness(durationMs: number): void;
}

export function createMetrics(): PredictorMetrics {
  const instruments = meter('weir.predictor');
  const calls = instruments.createCounter('predictor.rank.calls', { unit: '{call}' });
  const errors = instruments.createCounter('predictor.rank.errors', { unit: '{call}' });
  const documents = instruments.createCounter('predictor.rank.documents', { unit: '{document}' });
  const fallbacks = instruments.createCounter('predictor.fallback.rows', { unit: '{row}' });
  const deltas = instruments.createCounter('predictor.delta.rows', { unit: '{row}' });
  const dropped = instruments.createCounter('predictor.feature_log.dropped', { unit: '{record}' });
  const duration = instruments.createHistogram('predictor.rank.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BUCKETS_S },
  });
  const freshness = instruments.createHistogram('predictor.freshness', {
    unit: 's',
    advice: { explicitBucketBoundaries: FRESHNESS_BUCKETS_S },
  });
  const totals: Totals = {
    rankCalls: 0,
    rankErrors: 0,
    documents: 0,
    deltaRows: 0,
    pulledRows: 0,
    priorRows: 0,
    featureLogDropped: 0,
  };
  return {
    totals,
    ranked(documentCount, pulledRows, priorRows, durationMs) {
      totals.rankCalls++;
      totals.documents += documentCount;
      totals.pulledRows += pulledRows;
      totals.priorRows += priorRows;
      calls.add(1);
      documents.add(documentCount);
      if (pulledRows > 0) fallbacks.add(pulledRows, { kind: 'pulled' });
      if (priorRows > 0) fallbacks.add(priorRows, { kind: 'prior' });
      duration.record(durationMs / 1000);
    },
    failed(code) {
      totals.rankErrors++;
      errors.add(1, { code });
    },
    deltaRows(rows) {
      totals.deltaRows += rows;
      deltas.add(rows);
    },
    dropped(records, reason) {
      totals.featureLogDropped += records;
      dropped.add(records, { reason });
    },
    freshness(durationMs) {
      freshness.record(durationMs / 1000);
    },
  };
}
