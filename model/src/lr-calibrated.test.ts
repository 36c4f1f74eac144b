import { encodeFeatureBlock } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExampleDecoder } from './decode-examples.ts';
import { lr } from './lr.ts';
import { lrCalibrated } from './lr-calibrated.ts';
import type { Targets } from './model.ts';
import { implicitSchema } from './schema-fingerprint.ts';
import { logLoss } from './sigmoid.ts';

const labels = ['click', 'cart'];
const model = lrCalibrated({ schema: undefined, labels });
const decoder = createExampleDecoder(implicitSchema);
const value = fc.double({ min: -1, max: 1, noNaN: true });
const docs = [{ features: { a: '1', x: 0.5 } }, { features: { a: '2', x: -1 } }, { features: { a: '1' } }];
const examples = decoder.decode(
  { features: encodeFeatureBlock({ context: {}, docs }), user: '', scene: '', docIds: ['0', '1', '2'] },
  'train',
);
const rowValues = model.keys(examples)[0]!.length;

describe('lr-calibrated', () => {
  it('scores as lr does before anything is learned', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: rowValues, maxLength: rowValues }), (values) => {
        const rows = [Float32Array.from(values)];
        const plain = lr({ schema: undefined, labels }).forward(examples, rows);
        expect(model.forward(examples, rows).probabilities).toEqual(plain.probabilities);
      }),
    );
  });

  it('has the gradients that numeric differentiation finds, of rows and of scale and shift', () => {
    const stream = fc.infiniteStream(value);
    fc.assert(
      fc.property(stream, (values) => {
        const next = () => values.next().value as number;
        const rows = Float32Array.from({ length: rowValues }, next);
        const dense = Float32Array.from({ length: 4 }, next);
        const column = (draw: () => number) =>
          labels.map(() => Float32Array.from({ length: docs.length }, draw));
        const targets: Targets = {
          values: column(() => (next() > 0 ? 1 : 0)),
          weights: column(() => (next() > 0.5 ? 0 : 1 + next())),
        };
        const loss = (): number => {
          const { probabilities } = model.forward(examples, [rows], dense);
          return probabilities.reduce((sum, scores, label) => {
            return scores.reduce((all, p, i) => {
              const weight = targets.weights[label]![i]!;
              return weight === 0 ? all : all + weight * logLoss(p, targets.values[label]![i]!);
            }, sum);
          }, 0);
        };
        const gradients = model.gradients(model.forward(examples, [rows], dense), targets);
        for (const [i, inputs] of [rows, dense].entries()) {
          inputs.forEach((at, k) => {
            inputs[k] = at + 2 ** -10;
            const [above, up] = [inputs[k]!, loss()];
            inputs[k] = at - 2 ** -10;
            const numeric = (up - loss()) / (above - inputs[k]!);
            inputs[k] = at;
            expect(gradients[i]![k]!).toBeCloseTo(numeric, 3);
          });
        }
      }),
      { numRuns: 50 },
    );
  });
});
