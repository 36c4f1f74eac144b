// A model whose table counts samples: every feature of a sample adds one to its row. The rows say what was trained how often.
import { implicitSchema, type ModelFactory } from '@weir/model';

const countingModel: ModelFactory = ({ schema = implicitSchema, labels }) => ({
  name: 'counts',
  labels: labels.slice(0, 1),
  tables: [{ name: 'counts', dim: 1, optimizer: { kind: 'sum' }, initializer: { kind: 'zero' } }],
  schema,
  schemaFingerprint: schema.fingerprint,
  staticHash: '',
  keys: ({ keys }) => [keys],
  forward: (examples, rows) => ({
    examples,
    rows,
    probabilities: [new Float64Array(examples.documents).fill(0.5)],
  }),
  gradients: ({ examples: { documents, entries, shared } }) => [
    new Float32Array(entries).fill(documents, 0, shared).fill(1, shared),
  ],
});

export default countingModel;
