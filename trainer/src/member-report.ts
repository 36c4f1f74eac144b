// How far ahead of the others a trainer is, and where its dense part stands: for /metrics, and `GET /member`.
import { createHash } from 'node:crypto';
import { bytesOf } from '@weir/proto';
import { meter } from '@weir/runtime';
import type { DenseLearning } from './core/dense-learning.ts';

export interface MemberReport {
  /** The most windows that one began ahead of the slowest trainer with samples. */
  readonly ahead_max: number;
  readonly dense: DenseReport | null;
}

export interface DenseReport {
  /** Of the group, that the weights began with; 0: none. */
  readonly step: number;
  /** Learned since. */
  readonly windows: number;
  /** SHA-256 (hex) of the weights as they are. */
  readonly checksum: string;
  /** By partition: everything below the offset is in the step. */
  readonly covered: Readonly<Record<number, number>>;
  /** Windows whose dense gradients were learned before, so that they were left out. */
  readonly dropped: number;
  /** Gradients that were not finite. */
  readonly rejected: number;
}

export class MemberFigures {
  readonly #learning: () => DenseLearning | undefined;
  readonly #ahead = meter('weir.trainer').createHistogram('trainer.ahead', {
    unit: '{window}',
    description: 'How far ahead of the slowest trainer with samples a window begins',
    advice: { explicitBucketBoundaries: [0, 1, 2, 4, 8, 16, 32, 64, 128] },
  });
  #aheadMax = 0;

  constructor(learning: () => DenseLearning | undefined) {
    this.#learning = learning;
    this.#observe('ahead.max', '{window}', 'The most that a window began ahead', () => this.#aheadMax);
    this.#observe('dense.step', '{step}', 'That the dense weights began with', () => learning()?.step);
    this.#observe('dense.windows', '{window}', 'Learned since that step', () => learning()?.windows);
    this.#observe(
      'dense.dropped.windows',
      '{window}',
      'Windows whose dense gradients were learned before',
      () => learning()?.totals.dropped,
    );
    this.#observe(
      'dense.rejected.gradients',
      '{gradient}',
      'Dense gradients that were not finite',
      () => learning()?.totals.rejected,
    );
  }

  began(ahead: number): void {
    this.#ahead.record(ahead);
    this.#aheadMax = Math.max(this.#aheadMax, ahead);
  }

  report(): MemberReport {
    return { ahead_max: this.#aheadMax, dense: denseReport(this.#learning()) };
  }

  #observe(name: string, unit: string, description: string, value: () => number | undefined): void {
    const gauge = meter('weir.trainer').createObservableGauge(`trainer.${name}`, { unit, description });
    gauge.addCallback((result) => {
      const now = value();
      if (now !== undefined) result.observe(now);
    });
  }
}

function denseReport(learning: DenseLearning | undefined): DenseReport | null {
  if (learning === undefined) return null;
  const { step, windows, weights, coverage, totals } = learning;
  return {
    step,
    windows,
    checksum: createHash('sha256').update(bytesOf(weights)).digest('hex'),
    covered: Object.fromEntries(coverage.agreed),
    ...totals,
  };
}
