// What the trainer measures: instruments for /metrics, and the totals that its evaluation route reports.

import { meter } from '@weir/runtime';
import type { EvaluationReport } from './core/evaluation/evaluation.ts';
import { REFUSALS, type Refusal } from './core/sample-request.ts';
import { CLOSE_REASONS, type CloseReason } from './core/window.ts';

export interface Totals {
  windows: number;
  readonly windowsByReason: Record<CloseReason, number>;
  readonly refused: Record<Refusal, number>;
  pulledRows: number;
  pushRows: number;
  rejectedRows: number;
  retries: number;
  /** Sum over windows of the pushes in flight at their pull. */
  staleness: number;
}

export interface TrainerMetrics {
  readonly totals: Readonly<Totals>;
  refused(refusal: Refusal): void;
  pulled(rows: number, durationMs: number, staleness: number): void;
  learned(reason: CloseReason, requests: number, rejectedRows: number): void;
  pushed(rows: number, durationMs: number): void;
  retried(what: string): void;
}

export interface Observed {
  readonly report: () => EvaluationReport;
  readonly waiting: () => number;
  readonly trainedTimeMs: () => number;
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
  const retries = counter('retries', '{call}', 'Calls tried again after their deadline');
  const pullDuration = instruments.createHistogram('trainer.pull.duration', { unit: 's' });
  const pushDuration = instruments.createHistogram('trainer.push.duration', { unit: 's' });
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
    learned(reason, count, rejectedRows) {
      totals.windows++;
      totals.windowsByReason[reason]++;
      totals.rejectedRows += rejectedRows;
      windows.add(1, { reason });
      requests.add(count);
      if (rejectedRows > 0) rejected.add(rejectedRows);
    },
    pushed(rows, durationMs) {
      totals.pushRows += rows;
      pushed.add(rows);
      pushDuration.record(durationMs / 1000);
    },
    retried(call) {
      totals.retries++;
      retries.add(1, { call });
    },
  };
}

function observeGauges({ report, waiting, trainedTimeMs }: Observed): void {
  const instruments = meter('weir.trainer');
  const waitingRequests = instruments.createObservableGauge('trainer.waiting.requests', {
    unit: '{request}',
  });
  const trainedTime = instruments.createObservableGauge('trainer.trained.time', {
    unit: 's',
    description: 'Unix time below which every sample known is trained',
  });
  waitingRequests.addCallback((result) => result.observe(waiting()));
  trainedTime.addCallback((result) => result.observe(trainedTimeMs() / 1000));
  const figures = ['log_loss', 'normalised_entropy', 'auc', 'calibration'] as const;
  const gauges = figures.map((figure) => instruments.createObservableGauge(`trainer.progressive.${figure}`));
  instruments.addBatchObservableCallback((result) => {
    for (const [label, values] of Object.entries(report().labels)) {
      figures.forEach((figure, i) => {
        const value = values[figure];
        if (value !== null) result.observe(gauges[i]!, value, { label });
      });
    }
  }, gauges);
}

function zeros<T extends string>(names: readonly T[]): Record<T, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>;
}
