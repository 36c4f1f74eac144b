// A model whose table counts: a row is [samples, positives] of its key, summed by the shards. Every sample counts once for
// each of its features and once for the key of all, so the rows say which samples were trained how often.
import { implicitSchema, type ModelFactory } from '@weir/model';

/** Of every sample. No feature hashes to it. */
export const ALL_KEY = 1n;
export const COUNTS_TABLE = 'counts';
const DIM = 2;

const countingModel: ModelFactory = ({ schema = implicitSchema, labels }) => ({
  name: 'counting',
  labels: labels.slice(0, 1),
  tables: [{ name: COUNTS_TABLE, dim: DIM, optimizer: { kind: 'sum' }, initializer: { kind: 'zero' } }],
  schema,
  schemaFingerprint: schema.fingerprint,
  staticHash: '',
  keys: ({ keys }) => {
    const all = new Uint32Array(2 + keys.length);
    all[0] = Number(ALL_KEY);
    all.set(keys, 2);
    return [all];
  },
  forward: (examples, rows) => ({
    examples,
    rows,
    probabilities: [new Float64Array(examples.documents).fill(0.5)],
  }),
  gradients: ({ examples: { documents, entries, shared, document } }, { values, weights }) => {
    const counts = new Float32Array((1 + entries) * DIM);
    const add = (entry: number, sample: number): void => {
      if (weights[0]![sample] === 0) return;
      counts[entry * DIM]! += 1;
      counts[entry * DIM + 1]! += values[0]![sample]!;
    };
    for (let sample = 0; sample < documents; sample++) {
      add(0, sample);
      for (let entry = 0; entry < shared; entry++) add(1 + entry, sample);
    }
    for (let entry = shared; entry < entries; entry++) add(1 + entry, document[entry]!);
    return [counts];
  },
});

export default countingModel;
