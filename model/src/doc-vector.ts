// `doc-vector`: what was trained offline, corrected document by document online. A static part gives each document of a
// request a logit (`offset`) and an embedding e of user and document; learned are a bias b and a vector w per document and a weight
// per feature value: logit = offset + b + w . e + the weights of the document's values (as `lr`). One head per label.
//
// Vectors mean something beside the embeddings only that they were learned with: the names of the tables have the static part's
// hash, so rows of two static parts never mix. Without a static part there are no offsets and no vectors.
import { type PackedKeys, WeirError } from '@weir/proto';
import type { Examples } from './examples.ts';
import { categoricalKey, keyWords } from './feature-key.ts';
import { logits, lossGradients, lrKeys, rowGradients } from './lr.ts';
import type { Model, ModelOptions } from './model.ts';
import { implicitSchema } from './schema-fingerprint.ts';
import { sigmoid } from './sigmoid.ts';
import type { StaticPart } from './static-part.ts';
import type { TableDefinition } from './table-definition.ts';

const WEIGHTS = { learningRate: 0.1, initialAccumulator: 0.01 };
const VECTORS = { learningRate: 0.05, initialAccumulator: 0.1 };
/** Digits of the hash in the tables' names. */
const HASH_DIGITS = 12;
/** Seed of the keys of documents; no feature is named so in the table of vectors. */
const DOCUMENT = 'document';

/** A bias and a vector for each document beside the embedding of a static part; without one, `lr` with a bias per document. */
export function docVector({ schema = implicitSchema, labels, staticPart }: ModelOptions): Model {
  requireLabels(labels, staticPart);
  const heads = labels.length;
  const width = staticPart?.width ?? 0;
  const staticWidth = staticPart === undefined ? 0 : heads + width;
  /** Of a label in the row of a document: bias, then vector. */
  const column = 1 + width;
  const suffix = staticPart === undefined ? '' : `.${staticPart.hash.slice(0, HASH_DIGITS)}`;
  return {
    name: 'doc-vector',
    labels,
    tables: [
      table(`doc-vector-weights${suffix}`, heads, WEIGHTS),
      table(`doc-vector${suffix}`, heads * column, VECTORS),
    ],
    schema,
    schemaFingerprint: schema.fingerprint,
    staticHash: staticPart?.hash ?? '',
    staticWidth,
    keys: (examples) => [...lrKeys(examples), documentKeys(examples)],
    forward(examples, rows) {
      const { documents, statics } = examples;
      const vectors = rows[1]!;
      const probabilities = logits(examples, rows, heads).map((scores, label) => {
        for (let i = 0; i < documents; i++) {
          const own = (i * heads + label) * column;
          const given = i * staticWidth;
          let score = scores[i]! + vectors[own]!;
          if (staticWidth > 0) score += statics[given + label]!;
          for (let k = 0; k < width; k++) score += vectors[own + 1 + k]! * statics[given + heads + k]!;
          scores[i] = sigmoid(score);
        }
        return scores;
      });
      return { examples, rows, probabilities };
    },
    gradients(forward, targets) {
      const { examples } = forward;
      const { documents, statics } = examples;
      const errors = lossGradients(forward, targets);
      const ofVectors = new Float32Array(documents * heads * column);
      errors.forEach((own, label) => {
        for (let i = 0; i < documents; i++) {
          const at = (i * heads + label) * column;
          ofVectors[at] = own[i]!;
          const embedding = i * staticWidth + heads;
          for (let k = 0; k < width; k++) ofVectors[at + 1 + k] = own[i]! * statics[embedding + k]!;
        }
      });
      return [rowGradients(examples, errors), ofVectors];
    },
  };
}

/** Of the rows of documents in the table of vectors. */
export function documentKeys({ docIds }: Pick<Examples, 'docIds'>): PackedKeys {
  const keys = new Uint32Array(2 * docIds.length);
  docIds.forEach((id, i) => {
    const { low, high } = keyWords(categoricalKey(DOCUMENT, id));
    keys.set([low, high], 2 * i);
  });
  return keys;
}

function table(
  name: string,
  dim: number,
  rates: { readonly learningRate: number; readonly initialAccumulator: number },
): TableDefinition {
  return { name, dim, optimizer: { kind: 'adagrad', ...rates }, initializer: { kind: 'zero' } };
}

function requireLabels(labels: readonly string[], staticPart: StaticPart | undefined): void {
  if (staticPart === undefined || staticPart.labels.join() === labels.join()) return;
  throw new WeirError(
    'CONFIGURATION',
    `the static part has offsets for the labels [${staticPart.labels}], the model learns [${labels}]`,
  );
}
