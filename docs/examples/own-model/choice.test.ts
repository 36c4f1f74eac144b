import { createExampleDecoder, encodeFeatureBlock, loadModel } from '@weir/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const FILE = new URL('choice.ts', import.meta.url).pathname;
const model = await loadModel(FILE, { schema: undefined, labels: ['click'] });
const decoder = createExampleDecoder(model.schema);
const ids = ['a', 'b', 'c'];
const examples = decoder.decode(
  {
    features: encodeFeatureBlock({
      context: { user: 'u' },
      docs: ids.map((item) => ({ features: { item } })),
    }),
    user: 'u',
    scene: '',
    docIds: ids,
  },
  'train',
);
const size = (model.keys(examples)[0]!.length / 2) * model.tables[0]!.dim;
const weights = [Float32Array.of(1, 1, 1)];

describe('the model of a choice', () => {
  it('gives a list no more than one click', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -20, max: 20 }), { minLength: size, maxLength: size }),
        (rows) => {
          const [shares] = model.forward(examples, [Float32Array.from(rows)]).probabilities;
          expect(shares!.every((share) => share >= 0)).toBe(true);
          expect(shares!.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
  });

  it.each([0, 1, 2])('has the gradients of the log loss of who chose document %d', (chosen) => {
    const rows = Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1));
    const values = [Float32Array.from(ids, (_, i) => (i === chosen ? 1 : 0))];
    const loss = (at: Float32Array) => -Math.log(model.forward(examples, [at]).probabilities[0]![chosen]!);
    const [gradients] = model.gradients(model.forward(examples, [rows]), { values, weights });
    rows.forEach((value, i) => {
      const [up, down] = [rows.with(i, value + 2 ** -9), rows.with(i, value - 2 ** -9)];
      expect(gradients![i]!).toBeCloseTo((loss(up) - loss(down)) / (up[i]! - down[i]!), 3);
    });
  });
});
