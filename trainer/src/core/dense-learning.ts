// The dense part of a model in one trainer: weights and optimizer state, what they have learned, and how they become those of
// all trainers at a barrier. Weights, optimizer state and coverage are the parts of one step: a restart takes up all three
// as they stood together, and windows that they cover are not learned again.
import {
  averagedDense,
  type DenseDefinition,
  type DensePart,
  type DenseState,
  denseParts,
  initialDense,
  updateDense,
} from '@weir/model';
import { type AcquiredOffset, DenseCoverage } from './dense-coverage.ts';
import type { OffsetRange } from './source-cursor.ts';

export interface CoveragePart {
  readonly name: 'offsets';
  readonly type: 'u64';
  readonly reduce: 'concat';
  readonly value: BigUint64Array;
}

/** As a barrier gives it. */
export interface StepResult {
  readonly step: number;
  readonly parts: readonly { readonly name: string; readonly value: ArrayLike<unknown> }[];
}

export class DenseLearning {
  readonly #definition: DenseDefinition;
  readonly #coverage = new DenseCoverage();
  #state: DenseState;
  #step = 0;
  #samples = 0;
  #windows = 0;
  /** Since the start: windows whose dense gradients were learned before, and values that were not finite. */
  readonly totals = { dropped: 0, rejected: 0 };

  constructor(definition: DenseDefinition) {
    this.#definition = definition;
    this.#state = initialDense(definition);
  }

  /** They change with every window. */
  get weights(): Float32Array {
    return this.#state.weights;
  }

  /** That the weights are of, but for what was learned since; 0: none. */
  get step(): number {
    return this.#step;
  }

  /** With samples, learned since the last step. */
  get windows(): number {
    return this.#windows;
  }

  get coverage(): Pick<DenseCoverage, 'incomplete' | 'agreed' | 'offset' | 'stored'> {
    return this.#coverage;
  }

  acquired(partitions: readonly AcquiredOffset[]): void {
    this.#coverage.acquired(partitions);
  }

  /** @param gradient summed over the window; undefined when it has no samples. */
  learned(ranges: readonly OffsetRange[], gradient: Float32Array | undefined, samples: number): void {
    if (!this.#coverage.advance(ranges)) {
      if (samples > 0) this.totals.dropped++;
      return;
    }
    if (gradient === undefined || samples === 0) return;
    this.totals.rejected += updateDense(this.#definition, this.#state, gradient);
    this.#samples += samples;
    this.#windows++;
  }

  /** For the next step. */
  parts(): (DensePart | CoveragePart)[] {
    const offsets = {
      name: 'offsets',
      type: 'u64',
      reduce: 'concat',
      value: this.#coverage.value(),
    } as const;
    return [...denseParts(this.#state, this.#samples), offsets];
  }

  /**
   * What is not in the result is forgotten.
   * @throws WeirError CONFIGURATION when it is that of another model.
   */
  adopt({ step, parts }: StepResult): void {
    const state = averagedDense(this.#definition, parts);
    this.#state = state ?? initialDense(this.#definition);
    const value = parts.find(({ name }) => name === 'offsets')?.value;
    this.#coverage.adopt(value instanceof BigUint64Array ? value : new BigUint64Array(0), step);
    this.#begin(state === undefined ? 0 : step);
  }

  /** Of a group without any result. */
  clear(): void {
    this.#state = initialDense(this.#definition);
    this.#coverage.clear();
    this.#begin(0);
  }

  #begin(step: number): void {
    this.#step = step;
    this.#samples = 0;
    this.#windows = 0;
  }
}
