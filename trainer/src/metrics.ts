// What the trainer measures: instruments for /metrics, and the totals that its evaluation route reports.

import { freshnessOf, meter } from '@weir/runtime';
import type { SkippedRow } from '@weir/sdk';
import type { Evaluation } from './core/evaluation/evaluation.ts';
import { REFUSALS, type Refusal } from './core/sample-request.ts';
import { CLOSE_REASONS, type CloseReason } from './core/window.ts';
import { observeEvaluation } from './evaluation-instruments.ts';

export interface Totals {
  windows: number;
  readonly windowsByReason: Record<CloseReason, number>;
  readonly refused: Record<Refusal, number>;
  pulledRows: number;
  pushRows: number;
  rejectedRows: number;
  /** Rows that shards passed over, by the code that says why. */
  readonly skippedRows: Record<string, number>;
  /** Samples learned again because some shard had not had them. */
  catchUpSamples: number;
  /** Times that a shard had another offset than was pushed. */
  rewinds: number;
  retries: number;
  /** Sum over windows of the pushes in flight at their pull. */
  staleness: number;
}

export interface TrainerMetrics {
  readonly totals: Readonly<Totals>;
  refused(refusal: Refusal): void;
  pulled(rows: number, durationMs: number, staleness: number): void;
  /** Gradients are summed; `originTimeMs` as of the window. */
  computed(originTimeMs: number): void;
  learned(reason: CloseReason, requests: number, rejectedRows: number): void;
  pushed(rows: number, durationMs: number, originTimeMs: number): void;
  skipped(rows: readonly SkippedRow[]): void;
  /** A window without samples was acknowledged. */
  advanced(): void;
  caughtUp(samples: number): void;
  rewound(): void;
  retried(what: string): void;
}

export interface Observed {
  readonly evaluation: Evaluation;
  readonly waiting: () => number;
  /** Null: it has no partitions. */
  readonly trainedTimeMs: () => number | null;
  /** 0 before the first. */
  readonly generation: () => number;
  readonly ownPartitions: () => number;
}

export function createMetrics(observed: Observed): TrainerMetrics {
  const instruments = meter('weir.trainer');
  const counter = (name: string, unit: string, description: string) =>
    instruments.createCounter(`trainer.${name}`, { unit, description });
  const windows = counter('windows', '{window}', 'Windows learned, by the reason of their closing');
  const requests = counter('requests', '{request}', 'Requests learned, further labels of one included');
  const refused = counter('refused', '{record}', 'Records left out, by reason');
  const pulled = counter('pulled.rows', '{row}', 'Rows pulled');
  const pushed = counter('pushed.rows', '{row}', 'Rows whose gradients were pushed and acknowledged');
  const rejected = counter('rejected.rows', '{row}', 'Rows left out because their gradient was not finite');
  const skippedRows = counter('skipped.rows', '{row}', 'Rows that shards passed over, by reason');
  const advances = counter('advances', '{push}', 'Pushes of ranges without samples');
  const catchUp = counter('catchup.samples', '{sample}', 'Samples learned again for shards without them');
  const rewinds = counter('rewinds', '{rewind}', 'Returns to the offsets of the shards');
  const retries = counter('retries', '{call}', 'Calls tried again after their deadline');
  const duration = (name: string, description: string) =>
    instruments.createHistogram(`trainer.${name}.duration`, { unit: 's', description });
  const pullDuration = duration('pull', "Pull of a window's rows, all tries included");
  const pushDuration = duration('push', "Push of a window's gradients, until every shard has it");
  const computedFreshness = freshnessOf('learned');
  const pushedFreshness = freshnessOf('pushed');
  const staleness = instruments.createHistogram('trainer.staleness', {
    unit: '{window}',
    description: 'Pushes in flight when a window is pulled',
    advice: { explicitBucketBoundaries: [0, 1, 2, 4, 8, 16, 32] },
  });
  observeGauges(observed);
  const totals: Totals = {
    windows: 0,
    windowsByReason: zeros(CLOSE_REASONS),
    refused: zeros(REFUSALS),
    pulledRows: 0,
    pushRows: 0,
    rejectedRows: 0,
    skippedRows: {},
    catchUpSamples: 0,
    rewinds: 0,
    retries: 0,
    staleness: 0,
  };
  return {
    totals,
    refused(reason) {
      totals.refused[reason]++;
      refused.add(1, { reason });
    },
    pulled(rows, durationMs, inFlight) {
      totals.pulledRows += rows;
      totals.staleness += inFlight;
      pulled.add(rows);
      pullDuration.record(durationMs / 1000);
      staleness.record(inFlight);
    },
    computed(originTimeMs) {
      computedFreshness(originTimeMs, Date.now());
    },
    learned(reason, count, rejectedRows) {
      totals.windows++;
      totals.windowsByReason[reason]++;
      totals.rejectedRows += rejectedRows;
      windows.add(1, { reason });
      requests.add(count);
      if (rejectedRows > 0) rejected.add(rejectedRows);
    },
    pushed(rows, durationMs, originTimeMs) {
      totals.pushRows += rows;
      pushed.add(rows);
      pushDuration.record(durationMs / 1000);
      pushedFreshness(originTimeMs, Date.now());
    },
    skipped(rows) {
      for (const { code } of rows) {
        totals.skippedRows[code] = (totals.skippedRows[code] ?? 0) + 1;
        skippedRows.add(1, { reason: code });
      }
    },
    advanced() {
      advances.add(1);
    },
    caughtUp(samples) {
      totals.catchUpSamples += samples;
      catchUp.add(samples);
    },
    rewound() {
      totals.rewinds++;
      rewinds.add(1);
    },
    retried(call) {
      totals.retries++;
      retries.add(1, { call });
    },
  };
}

function observeGauges(observed: Observed): void {
  const { evaluation, waiting, trainedTimeMs, generation, ownPartitions } = observed;
  const instruments = meter('weir.trainer');
  const gauge = (name: string, unit: string, description: string) =>
    instruments.createObservableGauge(`trainer.${name}`, { unit, description });
  gauge('generation', '{generation}', 'Of its group, in which it trains').addCallback((result) =>
    result.observe(generation()),
  );
  gauge('partitions', '{partition}', 'That it owns').addCallback((result) => result.observe(ownPartitions()));
  const waitingRequests = instruments.createObservableGauge('trainer.waiting.requests', {
    unit: '{request}',
    description: 'Requests read that wait for their turn',
  });
  const trainedTime = instruments.createObservableGauge('trainer.trained.time', {
    unit: 's',
    description: 'Unix time below which every sample known is trained',
  });
  waitingRequests.addCallback((result) => result.observe(waiting()));
  trainedTime.addCallback((result) => {
    const timeMs = trainedTimeMs();
    if (timeMs !== null) result.observe(timeMs / 1000);
  });
  observeEvaluation(evaluation);
}

function zeros<T extends string>(names: readonly T[]): Record<T, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>;
}
