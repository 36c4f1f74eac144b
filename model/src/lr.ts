// `lr`: logistic regression over hashed features, one head per label: row = the weights of all labels. A bias
// and exactly the given features; context features count for every document of the request.
import { type PackedKeys, xxHash64 } from '@weir/proto';
import type { Examples } from './examples.ts';
import { keyWords } from './feature-key.ts';
import type { Forward, Model, ModelOptions, Targets } from './model.ts';
import { implicitSchema } from './schema-fingerprint.ts';
import { sigmoid } from './sigmoid.ts';

/** XXH64 of nothing: no feature has an empty name. */
const BIAS = keyWords(xxHash64(''));
const LEARNING_RATE = 0.1;
const INITIAL_ACCUMULATOR = 0.01;

/** Logistic regression on hashed features: a weight per key and label, and a bias. */
export function lr({ schema = implicitSchema, labels }: ModelOptions): Model {
  const dim = labels.length;
  return {
    name: 'lr',
    labels,
    tables: [
      {
        name: 'lr',
        dim,
        optimizer: {
          kind: 'adagrad',
          learningRate: LEARNING_RATE,
          initialAccumulator: INITIAL_ACCUMULATOR,
        },
        initializer: { kind: 'zero' },
      },
    ],
    schema,
    schemaFingerprint: schema.fingerprint,
    staticHash: '',
    keys: lrKeys,
    forward(examples, rows) {
      const probabilities = logits(examples, rows, dim);
      for (const scores of probabilities) {
        for (let i = 0; i < scores.length; i++) scores[i] = sigmoid(scores[i]!);
      }
      return { examples, rows, probabilities };
    },
    gradients: (forward, targets) => [rowGradients(forward.examples, lossGradients(forward, targets))],
  };
}

/** The bias first, then an entry's key each. */
export function lrKeys(examples: Examples): [PackedKeys] {
  const all = new Uint32Array(2 + examples.keys.length);
  all[0] = BIAS.low;
  all[1] = BIAS.high;
  all.set(examples.keys, 2);
  return [all];
}

/** [label][document]. */
export function logits(examples: Examples, rows: readonly Float32Array[], dim: number): Float64Array[] {
  const { documents, entries, shared, weights, document } = examples;
  const table = rows[0]!;
  const all: Float64Array[] = [];
  for (let label = 0; label < dim; label++) {
    let base = table[label]!;
    for (let entry = 0; entry < shared; entry++) base += table[(entry + 1) * dim + label]! * weights[entry]!;
    const scores = new Float64Array(documents).fill(base);
    for (let entry = shared; entry < entries; entry++) {
      scores[document[entry]!]! += table[(entry + 1) * dim + label]! * weights[entry]!;
    }
    all.push(scores);
  }
  return all;
}

/** Of the log loss with respect to the logits, [label][document]: (probability - target) x the sample's weight. */
export function lossGradients({ probabilities }: Forward, targets: Targets): Float64Array[] {
  return probabilities.map((scores, label) => {
    const values = targets.values[label]!;
    const counts = targets.weights[label]!;
    return scores.map((score, i) => (counts[i] === 0 ? 0 : (score - values[i]!) * counts[i]!));
  });
}

/** @param errors gradients with respect to the logits, [label][document]. */
export function rowGradients(
  { entries, shared, weights, document }: Examples,
  errors: readonly Float64Array[],
): Float32Array {
  const dim = errors.length;
  const all = new Float32Array((entries + 1) * dim);
  errors.forEach((own, label) => {
    let sum = 0;
    for (let i = 0; i < own.length; i++) sum += own[i]!;
    all[label] = sum;
    for (let entry = 0; entry < shared; entry++) all[(entry + 1) * dim + label] = sum * weights[entry]!;
    for (let entry = shared; entry < entries; entry++) {
      all[(entry + 1) * dim + label] = own[document[entry]!]! * weights[entry]!;
    }
  });
  return all;
}
