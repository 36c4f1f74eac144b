// `fm`: a factorisation machine (Rendle 2010). Beside its weight, every feature value has a few factors, and every two values of
// a document add the product of their factors: what a user likes together with what an item is. One head per label: row = per
// label the weight, then the factors.
//
// Rows begin with zeros, so that the predictor knows what an absent row holds. Factors that were all zero would have no
// gradient, so a key's factors are its row's plus a small number each, whose sign is a bit of the key.
import type { Examples } from './examples.ts';
import { lossGradients, lrKeys } from './lr.ts';
import type { Forward, Model, ModelOptions } from './model.ts';
import { implicitSchema } from './schema-fingerprint.ts';
import { sigmoid } from './sigmoid.ts';

/** Measured on trivago: 8 and 16 are no better. At most 32, the bits of a key's word. */
const FACTORS = 4;
/** Of a label in a row. */
const WIDTH = 1 + FACTORS;
const INITIAL_FACTOR = 0.03;
const LEARNING_RATE = 0.1;
const INITIAL_ACCUMULATOR = 0.01;

interface FmForward extends Forward {
  /** [label][document x factor]: the factors of all of a document's values, added up. */
  readonly sums: readonly Float64Array[];
}

/** A factorisation machine (Rendle 2010): beside `lr`, every two entries add the product of their factors. */
export function fm({ schema = implicitSchema, labels }: ModelOptions): Model {
  const dim = labels.length * WIDTH;
  return {
    name: 'fm',
    labels,
    tables: [
      {
        name: 'fm',
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
    forward(examples, rows): FmForward {
      const sums = labels.map(() => new Float64Array(examples.documents * FACTORS));
      const probabilities = labels.map((_, label) =>
        logits(examples, rows[0]!, dim, label * WIDTH, sums[label]!).map(sigmoid),
      );
      return { examples, rows, probabilities, sums };
    },
    gradients(forward, targets) {
      const gradients = new Float32Array(forward.rows[0]!.length);
      lossGradients(forward, targets).forEach((errors, label) => {
        addGradients(forward as FmForward, errors, dim, label, gradients);
      });
      return [gradients];
    },
  };
}

/** Each pair once: half of (the squared sum of factors, less the sum of their squares). Fills `sums`. */
function logits(
  examples: Examples,
  table: Float32Array,
  dim: number,
  column: number,
  sums: Float64Array,
): Float64Array {
  const { documents, entries, shared, weights, document } = examples;
  const scores = new Float64Array(documents);
  const add = (entry: number, to: number): void => {
    const x = weights[entry]!;
    const at = (entry + 1) * dim + column;
    let score = table[at]! * x;
    for (let k = 0; k < FACTORS; k++) {
      const own = factor(examples, table, entry, at, k) * x;
      sums[to * FACTORS + k]! += own;
      score -= (own * own) / 2;
    }
    scores[to]! += score;
  };
  // What all documents share is added up in the first one's place.
  if (documents > 0) for (let entry = 0; entry < shared; entry++) add(entry, 0);
  const base = table[column]! + (documents > 0 ? scores[0]! : 0);
  scores.fill(base);
  for (let at = FACTORS; at < sums.length; at++) sums[at] = sums[at % FACTORS]!;
  for (let entry = shared; entry < entries; entry++) add(entry, document[entry]!);
  for (let i = 0; i < documents; i++) {
    let squares = 0;
    for (let k = 0; k < FACTORS; k++) squares += sums[i * FACTORS + k]! ** 2;
    scores[i]! += squares / 2;
  }
  return scores;
}

function addGradients(
  { examples, rows, sums }: FmForward,
  errors: Float64Array,
  dim: number,
  label: number,
  gradients: Float32Array,
): void {
  const { documents, entries, shared, weights, document } = examples;
  const [table, column, own] = [rows[0]!, label * WIDTH, sums[label]!];
  // Of all documents: errors, and errors times sums of factors; what a shared value's gradient is made of.
  let total = 0;
  const totals = new Float64Array(FACTORS);
  for (let i = 0; i < documents; i++) {
    total += errors[i]!;
    for (let k = 0; k < FACTORS; k++) totals[k]! += errors[i]! * own[i * FACTORS + k]!;
  }
  gradients[column] = total;
  for (let entry = 0; entry < entries; entry++) {
    const x = weights[entry]!;
    const at = (entry + 1) * dim + column;
    const i = document[entry]!;
    const error = entry < shared ? total : errors[i]!;
    gradients[at] = error * x;
    for (let k = 0; k < FACTORS; k++) {
      const ofSums = entry < shared ? totals[k]! : error * own[i * FACTORS + k]!;
      gradients[at + 1 + k] = x * (ofSums - error * factor(examples, table, entry, at, k) * x);
    }
  }
}

/** @param at of the label's weight in the entry's row. */
function factor({ keys }: Examples, table: Float32Array, entry: number, at: number, k: number): number {
  const isNegative = ((keys[2 * entry]! >>> k) & 1) === 1;
  return table[at + 1 + k]! + (isNegative ? -INITIAL_FACTOR : INITIAL_FACTOR);
}
