// The dense part of a model: weights that every example uses, so they are not rows of a table. Each trainer has them whole,
// updates them window by window, and averages them with the others at barriers. Weights and optimizer state are f32, computed
// in f64 and rounded once, so that the same windows give the same bits everywhere.

/** How trainers update the dense part. */
export type DenseOptimizer =
  | { readonly kind: 'sgd'; readonly learningRate: number }
  /** Duchi, Hazan, Singer 2011: each weight's step is divided by the root of its summed squared gradients. */
  | { readonly kind: 'adagrad'; readonly learningRate: number; readonly initialAccumulator: number };

/** Weights that every example uses, f32; see `Model.dense`. */
export interface DenseDefinition {
  /** What the weights are before any training; their number is that of the dense part. Not to be changed. */
  readonly initial: Float32Array;
  readonly optimizer: DenseOptimizer;
}

/** Weights, and the optimizer's numbers: none with sgd, one a weight with adagrad. */
export interface DenseState {
  readonly weights: Float32Array;
  readonly optimizer: Float32Array;
}

/** A dense part before any training. */
export function initialDense({ initial, optimizer }: DenseDefinition): DenseState {
  const state =
    optimizer.kind === 'adagrad'
      ? new Float32Array(initial.length).fill(optimizer.initialAccumulator)
      : new Float32Array(0);
  return { weights: initial.slice(), optimizer: state };
}

/**
 * One step, in place.
 * @param gradient one value a weight.
 * @returns how many values were left out because they, or the weight they would lead to, are not finite.
 */
export function updateDense(
  { optimizer }: DenseDefinition,
  { weights, optimizer: state }: DenseState,
  gradient: Float32Array,
): number {
  let skipped = 0;
  for (let i = 0; i < weights.length; i++) {
    const value = gradient[i]!;
    const squares = optimizer.kind === 'adagrad' ? Math.fround(state[i]! + value * value) : 1;
    // A weight that never had a gradient other than 0 does not move, whatever its accumulator began with.
    const step = value === 0 ? 0 : (optimizer.learningRate * value) / Math.sqrt(squares);
    const next = Math.fround(weights[i]! - step);
    if (!Number.isFinite(value) || !Number.isFinite(squares) || !Number.isFinite(next)) {
      skipped++;
      continue;
    }
    weights[i] = next;
    if (optimizer.kind === 'adagrad') state[i] = squares;
  }
  return skipped;
}
