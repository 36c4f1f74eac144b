// How trainers' dense parts become one: the mean, weighted by the samples that each has learned since the last barrier, of
// weights and of optimizer state alike. It is made of two sums of a barrier, and by every reader of its result, so that
// trainers and predictors have the same bits.
import { WeirError } from '@weir/proto';
import { type DenseDefinition, type DenseState, initialDense } from './dense.ts';

/**
 * What a member counts that has learned nothing since the last barrier: enough for the weights to stand when nobody has, too
 * little to hold back those who have. A power of two, so that f32 weights come back bit for bit.
 */
const NO_SAMPLES = 2 ** -30;
/** Products of f32 weights and such counts are exact in f64: one trainer's average is what it had, bit for bit. */
const SAMPLES_MAX = 2 ** 29;

/** A part of a barrier. */
export interface DensePart {
  readonly name: string;
  readonly type: 'f64';
  readonly reduce: 'sum';
  readonly value: Float64Array;
}

/** What a member gives to a barrier. @param samples learned since the last barrier; whole numbers. */
export function denseParts({ weights, optimizer }: DenseState, samples: number): DensePart[] {
  const count = samples === 0 ? NO_SAMPLES : Math.min(samples, SAMPLES_MAX);
  const times = (values: Float32Array) => Float64Array.from(values, (value) => value * count);
  return [
    part('dense', times(weights)),
    part('dense-state', times(optimizer)),
    part('dense-samples', Float64Array.of(count)),
  ];
}

/**
 * @param parts of a barrier's result.
 * @returns undefined when it has no dense part.
 * @throws WeirError CONFIGURATION when it is that of another model.
 */
export function averagedDense(
  definition: DenseDefinition,
  parts: readonly { readonly name: string; readonly value: ArrayLike<unknown> }[],
): DenseState | undefined {
  const find = (name: string) => parts.find((each) => each.name === name)?.value;
  const [weights, state, samples] = [find('dense'), find('dense-state'), find('dense-samples')];
  if (weights === undefined || state === undefined || samples === undefined) return undefined;
  const own = initialDense(definition);
  if (weights.length !== own.weights.length || state.length !== own.optimizer.length) {
    throw new WeirError(
      'CONFIGURATION',
      `the group's dense part has ${weights.length} weights and ${state.length} numbers of optimizer state, this model ` +
        `${own.weights.length} and ${own.optimizer.length}: it is of another model; use another table set`,
    );
  }
  const count = Number(samples[0]);
  const mean = (sums: ArrayLike<unknown>) =>
    Float32Array.from({ length: sums.length }, (_, i) => Number(sums[i]) / count);
  return { weights: mean(weights), optimizer: mean(state) };
}

function part(name: string, value: Float64Array): DensePart {
  return { name, type: 'f64', reduce: 'sum', value };
}
