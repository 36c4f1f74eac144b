import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fm } from './fm.ts';
import { sigmoid } from './sigmoid.ts';
import { examplesOf, expectGradients, someDocuments, someNumbers } from './testing/check-gradients.ts';

const labels = ['click', 'cart'];
const model = fm({ schema: undefined, labels });

describe('fm', () => {
  it('has the gradients that numeric differentiation finds, masked labels and weights included', () => {
    fc.assert(
      fc.property(someDocuments, someNumbers, (docs, numbers) => {
        expectGradients(model, examplesOf(docs), () => numbers.next().value as number);
      }),
      { numRuns: 20 },
    );
  });

  it('adds the product of every two values of a document, and no value with itself', () => {
    fc.assert(
      fc.property(someDocuments, someNumbers, (docs, numbers) => {
        const examples = examplesOf(docs);
        const dim = model.tables[0]!.dim;
        const width = dim / labels.length;
        const rows = Float32Array.from(
          { length: (model.keys(examples)[0]!.length / 2) * dim },
          () => numbers.next().value as number,
        );
        const { probabilities } = model.forward(examples, [rows]);
        const values = (document: number) =>
          Array.from(examples.weights.keys()).filter(
            (entry) => entry < examples.shared || examples.document[entry] === document,
          );
        const row = (entry: number, label: number) => {
          const at = (entry + 1) * dim + label * width;
          const key = examples.keys[2 * entry]!;
          return Array.from(rows.subarray(at, at + width), (value, k) =>
            k === 0 ? value : value + ((key >>> (k - 1)) % 2 === 0 ? 0.03 : -0.03),
          );
        };
        labels.forEach((_, label) => {
          probabilities[label]!.forEach((probability, document) => {
            let logit = rows[label * width]!;
            const entries = values(document);
            entries.forEach((a, i) => {
              logit += row(a, label)[0]! * examples.weights[a]!;
              for (const b of entries.slice(i + 1)) {
                const product = row(a, label).reduce(
                  (sum, v, k) => (k === 0 ? 0 : sum + v * row(b, label)[k]!),
                  0,
                );
                logit += product * examples.weights[a]! * examples.weights[b]!;
              }
            });
            expect(probability).toBeCloseTo(sigmoid(logit), 9);
          });
        });
      }),
      { numRuns: 20 },
    );
  });

  it('moves factors that nothing was learned of', () => {
    const examples = examplesOf([{ features: { a: '1' } }]);
    const rows = [new Float32Array((model.keys(examples)[0]!.length / 2) * model.tables[0]!.dim)];
    const ones = [Float32Array.of(1), Float32Array.of(1)];
    const [gradients] = model.gradients(model.forward(examples, rows), { values: ones, weights: ones });
    const { dim } = model.tables[0]!;
    const width = dim / labels.length;
    for (let at = dim; at < gradients!.length; at += width) {
      expect(gradients!.subarray(at + 1, at + width).some((value) => value !== 0)).toBe(true);
    }
  });
});
