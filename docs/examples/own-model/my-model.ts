// A model of one's own: a factorisation machine (Rendle 2010). Beside a weight, every feature value has a few
// factors, and every two of them add the product of their factors: what a user likes together with what an item is.
import { type Examples, implicitSchema, type ModelFactory, sigmoid } from '@weir/model';

const FACTORS = 4;
/** Per label: the weight, then the factors. */
const WIDTH = 1 + FACTORS;

const factorisationMachine: ModelFactory = ({ schema = implicitSchema, labels }) => {
  const dim = labels.length * WIDTH;
  return {
    name: 'fm',
    labels,
    schema,
    schemaFingerprint: schema.fingerprint,
    staticHash: '',
    tables: [
      {
        name: 'fm',
        dim,
        optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.01 },
        // Factors that are all zero would have no gradient.
        initializer: { kind: 'normal', mean: 0, standardDeviation: 0.1 },
      },
    ],
    keys: ({ keys }) => [keys],

    forward(examples, rows) {
      const probabilities = labels.map((_, label) => {
        const sums = factorSums(examples, rows[0]!, dim, label);
        const logits = new Float64Array(examples.documents);
        eachValue(examples, (document, entry, x) => {
          const at = entry * dim + label * WIDTH;
          logits[document]! += rows[0]![at]! * x;
          // Every pair once: half of (what all add up to, without the value itself).
          for (let k = 0; k < FACTORS; k++) {
            const own = rows[0]![at + 1 + k]! * x;
            logits[document]! += (own * (sums[document * FACTORS + k]! - own)) / 2;
          }
        });
        return logits.map(sigmoid);
      });
      return { examples, rows, probabilities };
    },

    gradients({ examples, rows, probabilities }, { values, weights }) {
      const gradients = new Float32Array(rows[0]!.length);
      labels.forEach((_, label) => {
        const sums = factorSums(examples, rows[0]!, dim, label);
        eachValue(examples, (document, entry, x) => {
          const weight = weights[label]![document]!;
          if (weight === 0) return;
          const error = (probabilities[label]![document]! - values[label]![document]!) * weight;
          const at = entry * dim + label * WIDTH;
          gradients[at]! += error * x;
          for (let k = 0; k < FACTORS; k++) {
            const others = sums[document * FACTORS + k]! - rows[0]![at + 1 + k]! * x;
            gradients[at + 1 + k]! += error * x * others;
          }
        });
      });
      return [gradients];
    },
  };
};

export default factorisationMachine;

/** [document][factor]: the factors of all of a document's values, added up. */
function factorSums(examples: Examples, rows: Float32Array, dim: number, label: number): Float64Array {
  const sums = new Float64Array(examples.documents * FACTORS);
  eachValue(examples, (document, entry, x) => {
    const at = entry * dim + label * WIDTH + 1;
    for (let k = 0; k < FACTORS; k++) sums[document * FACTORS + k]! += rows[at + k]! * x;
  });
  return sums;
}

/** Visits every document's values; those of the context count for every document. */
function eachValue(
  { documents, entries, shared, document, weights }: Examples,
  visit: (document: number, entry: number, x: number) => void,
): void {
  for (let entry = 0; entry < entries; entry++) {
    if (entry >= shared) visit(document[entry]!, entry, weights[entry]!);
    else for (let i = 0; i < documents; i++) visit(i, entry, weights[entry]!);
  }
}
