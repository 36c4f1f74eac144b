// What the predictor counts: instruments for /metrics, and the same totals for its counters route.
import { freshnessOf, meter } from '@weir/runtime';
import { DROP_REASONS, type DropReason } from './feature-log.ts';

export interface Totals {
  rankCalls: number;
  rankErrors: number;
  documents: number;
  deltaRows: number;
  pulledRows: number;
  priorRows: number;
  featureLogDropped: number;
}

export interface RankedAnswer {
  readonly documents: number;
  /** Looked up, and of these: pulled from shards, and left at their prior. */
  readonly rows: number;
  readonly pulledRows: number;
  readonly priorRows: number;
  readonly durationMs: number;
}

export interface PredictorMetrics {
  readonly totals: Readonly<Totals>;
  ranked(answer: RankedAnswer): void;
  failed(code: string): void;
  /** A delta came; `originTimeMs`: Unix ms of the oldest behaviour behind it, 0: none. */
  delivered(rows: number, originTimeMs: number): void;
  /** A shard's rows came anew although the replica had them. */
  gap(): void;
  logged(records: number): void;
  /** Another static part took the place of the one that was served. */
  swapped(): void;
  dropped(records: number, reason: DropReason): void;
  /** The first answer with rows that the behaviour of then had changed. */
  answered(originTimeMs: number, nowMs: number): void;
}

export function createMetrics(): PredictorMetrics {
  const instruments = meter('weir.predictor');
  const counter = (name: string, unit: string, description: string) =>
    instruments.createCounter(`predictor.${name}`, { unit, description });
  const calls = counter('rank.calls', '{call}', 'Rank requests answered');
  const errors = counter('rank.errors', '{call}', 'Rank requests refused, by code');
  const documents = counter('rank.documents', '{document}', 'Documents scored');
  const looked = counter('rank.rows', '{row}', 'Rows looked up for answers, those without a row included');
  const fallbacks = counter('fallback.rows', '{row}', 'Of these: pulled, or left at their prior');
  const deltas = counter('delta.rows', '{row}', 'Rows received by the replica');
  const gaps = counter('replica.gaps', '{gap}', "Times that a shard's rows came anew, as a snapshot");
  const logged = counter('feature_log.appended', '{record}', 'Feature records in the stream');
  const dropped = counter('feature_log.dropped', '{record}', 'Feature records lost, by reason');
  const swaps = counter('static.swaps', '{swap}', 'Static parts that took the place of another');
  // There from the start: a counter whose first value is not 0 has not risen, for who looks at its rate.
  gaps.add(0);
  for (const reason of DROP_REASONS) dropped.add(0, { reason });
  const duration = instruments.createHistogram('predictor.rank.duration', {
    unit: 's',
    description: 'From a Rank request to its answer',
  });
  const delivered = freshnessOf('delivered');
  const answered = freshnessOf('answered');
  let newestOriginMs = 0;
  instruments
    .createObservableGauge('predictor.row.age', {
      unit: 's',
      description: 'Since the newest behaviour whose rows have come; absent before the first',
    })
    .addCallback((result) => {
      if (newestOriginMs > 0) result.observe((Date.now() - newestOriginMs) / 1000);
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
    ranked({ documents: documentCount, rows, pulledRows, priorRows, durationMs }) {
      totals.rankCalls++;
      totals.documents += documentCount;
      totals.pulledRows += pulledRows;
      totals.priorRows += priorRows;
      calls.add(1);
      documents.add(documentCount);
      looked.add(rows);
      if (pulledRows > 0) fallbacks.add(pulledRows, { kind: 'pulled' });
      if (priorRows > 0) fallbacks.add(priorRows, { kind: 'prior' });
      duration.record(durationMs / 1000);
    },
    swapped() {
      swaps.add(1);
    },
    failed(code) {
      totals.rankErrors++;
      errors.add(1, { code });
    },
    delivered(rows, originTimeMs) {
      if (originTimeMs > newestOriginMs) newestOriginMs = originTimeMs;
      totals.deltaRows += rows;
      deltas.add(rows);
      delivered(originTimeMs, Date.now());
    },
    gap() {
      gaps.add(1);
    },
    logged(records) {
      logged.add(records);
    },
    dropped(records, reason) {
      totals.featureLogDropped += records;
      dropped.add(records, { reason });
    },
    answered,
  };
}

/** @param whole whether every shard's snapshot has come: before that, answers pull or fall back. */
export function observeReplicas(whole: () => boolean): void {
  meter('weir.predictor')
    .createObservableGauge('predictor.replica.whole', {
      unit: '1',
      description: '1 when the replica has the rows of all shards',
    })
    .addCallback((result) => result.observe(whole() ? 1 : 0));
}
