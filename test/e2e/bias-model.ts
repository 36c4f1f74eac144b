// The smallest model file: one weight, which learns the share of positives.
import { implicitSchema, type ModelFactory, sigmoid } from '@weir/model';

const biasModel: ModelFactory = ({ schema = implicitSchema, labels }) => ({
  name: 'bias',
  labels: labels.slice(0, 1),
  tables: [
    {
      name: 'bias',
      dim: 1,
      optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.01 },
      initializer: { kind: 'zero' },
    },
  ],
  schema,
  schemaFingerprint: schema.fingerprint,
  staticHash: '',
  keys: () => [new Uint32Array([1, 0])],
  forward: (examples, rows) => ({
    examples,
    rows,
    probabilities: [new Float64Array(examples.documents).fill(sigmoid(rows[0]![0]!))],
  }),
  gradients: ({ probabilities }, { values, weights }) => {
    let sum = 0;
    probabilities[0]!.forEach((probability, i) => {
      if (weights[0]![i] !== 0) sum += (probability - values[0]![i]!) * weights[0]![i]!;
    });
    return [new Float32Array([sum])];
  },
});

export default biasModel;
