// The dense weights of the model, as the trainers agreed on them last, and the step that they are of: the version that stands
// in answers. Before any step they are the model's initial ones.
import { averagedDense, type DenseDefinition } from '@weir/model';
import { meter, type Runtime } from '@weir/runtime';
import type { GroupResult } from '@weir/sdk';

export interface DenseWeights {
  readonly weights: Float32Array;
  /** 0: none yet. */
  readonly step: number;
}

export class DenseFollower {
  readonly #definition: DenseDefinition;
  #current: DenseWeights;
  /** Of the process's monotonic clock; undefined before the first step. */
  #sinceMs: number | undefined;

  constructor(definition: DenseDefinition) {
    this.#definition = definition;
    this.#current = { weights: definition.initial, step: 0 };
  }

  /** Since the weights were replaced; undefined before the first step. */
  get ageMs(): number | undefined {
    return this.#sinceMs === undefined ? undefined : performance.now() - this.#sinceMs;
  }

  /** Replaced as a whole, never changed. */
  get current(): DenseWeights {
    return this.#current;
  }

  /**
   * Ends with the results.
   * @throws WeirError CONFIGURATION when the group's dense part is of another model; what the results end with.
   */
  async follow(results: AsyncIterable<GroupResult>, log: Runtime['log']): Promise<void> {
    for await (const result of results) this.adopt(result, log);
  }

  adopt(result: GroupResult, log: Runtime['log']): void {
    const state = averagedDense(this.#definition, result.parts);
    // A step of trainers of a model without a dense part says nothing.
    if (state === undefined) return;
    this.#current = { weights: state.weights, step: result.step };
    this.#sinceMs = performance.now();
    log.debug({ step: result.step }, 'dense weights');
  }
}

/** @param served the one of the model that is served now. */
export function observeDense(served: () => DenseFollower | undefined): void {
  const gauge = (
    name: string,
    unit: string,
    description: string,
    value: (of: DenseFollower) => number | undefined,
  ) =>
    meter('weir.predictor')
      .createObservableGauge(`predictor.dense.${name}`, { unit, description })
      .addCallback((result) => {
        const follower = served();
        const now = follower && value(follower);
        if (now !== undefined) result.observe(now);
      });
  gauge('step', '{step}', 'Of the trainers, that the dense weights are of', ({ current }) => current.step);
  gauge('age', 's', 'Since the dense weights were replaced', ({ ageMs }) =>
    ageMs === undefined ? undefined : ageMs / 1000,
  );
}
