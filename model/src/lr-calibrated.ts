// `lr-calibrated`: `lr` with a scale and a shift of each label's logit, p = sigmoid(scale x logit + shift), as Platt 1999
// calibrates a classifier, but learned along with it. The rows are many and slow, the two numbers are few and see every
// sample: they follow a change of the whole (more clicks everywhere, another share of negatives kept) at once.
import type { DenseDefinition } from './dense.ts';
import { logits, lossGradients, lr, rowGradients } from './lr.ts';
import type { Forward, Model, ModelOptions } from './model.ts';
import { sigmoid } from './sigmoid.ts';

const LEARNING_RATE = 0.01;
const INITIAL_ACCUMULATOR = 1;

interface CalibratedForward extends Forward {
  readonly logits: readonly Float64Array[];
  readonly dense: Float32Array;
}

/** `lr` with a scale and a shift of each label's logit, which are its dense part (Platt 1999). */
export function lrCalibrated(options: ModelOptions): Model {
  const plain = lr(options);
  const labels = plain.labels.length;
  const [table] = plain.tables;
  const definition = denseDefinition(labels);
  return {
    ...plain,
    name: 'lr-calibrated',
    tables: [{ ...table!, name: 'lr-calibrated' }],
    dense: definition,
    forward(examples, rows, dense = definition.initial): CalibratedForward {
      const own = logits(examples, rows, labels);
      const probabilities = own.map((column, label) => {
        const [scale, shift] = [dense[2 * label]!, dense[2 * label + 1]!];
        return column.map((logit) => sigmoid(scale * logit + shift));
      });
      return { examples, rows, probabilities, logits: own, dense: dense.slice() };
    },
    gradients(forward, targets) {
      const { examples, logits: own, dense } = forward as CalibratedForward;
      const errors = lossGradients(forward, targets);
      const ofDense = new Float32Array(2 * labels);
      errors.forEach((column, label) => {
        let [scale, shift] = [0, 0];
        for (let i = 0; i < column.length; i++) {
          scale += column[i]! * own[label]![i]!;
          shift += column[i]!;
        }
        ofDense.set([scale, shift], 2 * label);
      });
      const scaled = errors.map((column, label) => column.map((error) => error * dense[2 * label]!));
      return [rowGradients(examples, scaled), ofDense];
    },
  };
}

/** Scale and shift of each label: at first the logit as it is. */
function denseDefinition(labels: number): DenseDefinition {
  return {
    initial: Float32Array.from({ length: 2 * labels }, (_, i) => (i % 2 === 0 ? 1 : 0)),
    optimizer: {
      kind: 'adagrad',
      learningRate: LEARNING_RATE,
      initialAccumulator: INITIAL_ACCUMULATOR,
    },
  };
}
