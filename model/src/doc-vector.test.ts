import { bytesOf, encodeFeatureBlock } from '@weir/proto';
import { FeatureBlock } from '@weir/proto/v1/features';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExampleDecoder } from './decode-examples.ts';
import { docVector } from './doc-vector.ts';
import { categoricalKey, keyWords } from './feature-key.ts';
import { lr } from './lr.ts';
import { implicitSchema } from './schema-fingerprint.ts';
import { sigmoid } from './sigmoid.ts';
import type { StaticPart } from './static-part.ts';
import { expectGradients, someDocuments, someNumbers } from './testing/check-gradients.ts';

const labels = ['click', 'cart'];
const WIDTH = 3;
const staticPart: StaticPart = {
  hash: 'abcdef0123456789',
  schemaFingerprint: implicitSchema.fingerprint,
  labels,
  width: WIDTH,
  inputs: [],
};
const model = docVector({ schema: undefined, labels, staticPart });
const decoder = createExampleDecoder(implicitSchema, model.staticWidth);

/** What a predictor writes behind the block that the caller sent. */
function behind(documents: number, width: number, values: Float32Array): Uint8Array {
  const staticVectors = { width, values: bytesOf(values) };
  return FeatureBlock.encode({ documents, context: [], document: [], exposure: [], staticVectors }).finish();
}

function blockOf(
  docs: Parameters<typeof encodeFeatureBlock>[0]['docs'],
  width: number,
  values: Float32Array,
) {
  return Buffer.concat([encodeFeatureBlock({ docs }), behind(docs.length, width, values)]);
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => `d${i}`);

function decode(docs: Parameters<typeof encodeFeatureBlock>[0]['docs'], values: Float32Array) {
  const features = blockOf(docs, WIDTH + labels.length, values);
  return decoder.decode({ features, user: '', scene: '', docIds: ids(docs.length) }, 'train');
}

describe('doc-vector', () => {
  it('has the gradients that numeric differentiation finds, masked labels and weights included', () => {
    fc.assert(
      fc.property(someDocuments, someNumbers, (docs, numbers) => {
        const next = () => numbers.next().value as number;
        const statics = Float32Array.from({ length: docs.length * (WIDTH + labels.length) }, next);
        expectGradients(model, decode(docs, statics), next);
      }),
      { numRuns: 20 },
    );
  });

  it('adds offset, bias and the product of vector and embedding to what the features weigh', () => {
    const docs = [{ features: { x: 2 } }, {}];
    // Of each document: offsets of click and cart, embedding.
    const examples = decode(docs, Float32Array.of(0.5, -0.5, 1, 2, 4, 0.25, 0, 0, 0, 8));
    // Bias and x; columns: click, cart.
    const weights = Float32Array.of(1, 0, 0.25, 0.5);
    // Of each document and label: bias, vector.
    const vectors = Float32Array.of(1, 1, 1, 1, 0, 0, 0.5, 0, 2, 0, 0, 0.25, 0, 0, 0, 0);
    const { probabilities } = model.forward(examples, [weights, vectors]);
    expect(probabilities[0]).toEqual(Float64Array.of(sigmoid(1.5 + 0.5 + 1 + 7), sigmoid(1 + 0.25 + 2 + 2)));
    expect(probabilities[1]).toEqual(Float64Array.of(sigmoid(1 - 0.5 + 1), sigmoid(0)));
  });

  it('keeps the rows of a document under its id, in tables of their static part', () => {
    const { low, high } = keyWords(categoricalKey('document', 'd0'));
    const examples = decode([{}], new Float32Array(5));
    expect(model.keys(examples)[1]).toEqual(Uint32Array.of(low, high));
    expect(model.tables.map(({ name, dim }) => [name, dim])).toEqual([
      ['doc-vector-weights.abcdef012345', 2],
      ['doc-vector.abcdef012345', 8],
    ]);
  });

  it('takes the vectors of chosen documents, the last ones that were written', () => {
    const docs = [{ features: { x: 1 } }, {}, {}];
    const own = Float32Array.from({ length: 15 }, (_, i) => i);
    const features = Buffer.concat([blockOf(docs, 2, new Float32Array(6)), behind(3, 5, own)]);
    const input = { features, user: '', scene: '', docIds: ['c', 'a'], rows: Uint32Array.of(2, 0) };
    expect([...decoder.decode(input, 'serve').statics]).toEqual([10, 11, 12, 13, 14, 0, 1, 2, 3, 4]);
  });

  it.each([
    ['missing', encodeFeatureBlock({ docs: [{ features: { x: 1 } }] }), 'static vectors are missing'],
    ['of another width', blockOf([{}], 4, new Float32Array(4)), 'have 4 numbers; the model takes 5'],
    ['too few', blockOf([{}], 5, new Float32Array(4)), 'have 16 bytes for 1 rows of 5 numbers'],
    ['no numbers', blockOf([{}], 5, Float32Array.of(0, 0, 0, 0, Number.NaN)), 'is not finite'],
  ])('refuses static vectors that are %s', (_, features, message) => {
    expect(() => decoder.decode({ features, user: '', scene: '', docIds: ['a'] }, 'train')).toThrow(message);
  });

  it('without a static part is lr with a bias a document', () => {
    const plain = docVector({ schema: undefined, labels });
    const examples = createExampleDecoder(implicitSchema).decode(
      {
        features: encodeFeatureBlock({ docs: [{ features: { x: 2 } }, {}] }),
        user: '',
        scene: '',
        docIds: ids(2),
      },
      'train',
    );
    const weights = Float32Array.of(1, 0, 0.25, 0.5);
    const { probabilities } = plain.forward(examples, [weights, new Float32Array(4)]);
    expect(probabilities).toEqual(
      lr({ schema: undefined, labels }).forward(examples, [weights]).probabilities,
    );
    expect(plain.tables.map(({ name, dim }) => [name, dim])).toEqual([
      ['doc-vector-weights', 2],
      ['doc-vector', 2],
    ]);
  });

  it('refuses a static part for other labels', () => {
    expect(() => docVector({ schema: undefined, labels: ['click'], staticPart })).toThrow(
      'the static part has offsets for the labels [click,cart], the model learns [click]',
    );
  });
});
