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
    keys,
    forward: (examples, rows) => forward(examples, rows, dim),
    gradients: ({ examples, probabilities }, targets) => gradients(examples, probabilities, targets, dim),
  };
}

/** The bias first, then an entry's key each. */
function keys(examples: Examples): [PackedKeys] {
  const all = new Uint32Array(2 + examples.keys.length);
  all[0] = BIAS.low;
  all[1] = BIAS.high;
  all.set(examples.keys, 2);
  return [all];
}

function forward(examples: Examples, rows: readonly Float32Array[], dim: number): Forward {
  const { documents, entries, shared, weights, document } = examples;
  const table = rows[0]!;
  const probabilities: Float64Array[] = [];
  for (let label = 0; label < dim; label++) {
    let base = table[label]!;
    for (let entry = 0; entry < shared; entry++) base += table[(entry + 1) * dim + label]! * weights[entry]!;
    const scores = new Float64Array(documents).fill(base);
    for (let entry = shared; entry < entries; entry++) {
      scores[document[entry]!]! += table[(entry + 1) * dim + label]! * weights[entry]!;
    }
    for (let i = 0; i < documents; i++) scores[i] = sigmoid(scores[i]!);
    probabilities.push(scores);
  }
  return { examples, rows, probabilities };
}

/** With the log loss, a logit's gradient is (probability - target) x the sample's weight. */
function gradients(
  { documents, entries, shared, weights, document }: Examples,
  probabilities: readonly Float64Array[],
  targets: Targets,
  dim: number,
): [Float32Array] {
  const all = new Float32Array((entries + 1) * dim);
  const errors = new Float64Array(documents);
  for (let label = 0; label < dim; label++) {
    const values = targets.values[label]!;
    const counts = targets.weights[label]!;
    const scores = probabilities[label]!;
    let sum = 0;
    for (let i = 0; i < documents; i++) {
      errors[i] = counts[i] === 0 ? 0 : (scores[i]! - values[i]!) * counts[i]!;
      sum += errors[i]!;
    }
    all[label] = sum;
    for (let entry = 0; entry < shared; entry++) all[(entry + 1) * dim + label] = sum * weights[entry]!;
    for (let entry = shared; entry < entries; entry++) {
      all[(entry + 1) * dim + label] = errors[document[entry]!]! * weights[entry]!;
    }
  }
  return [all];
}
