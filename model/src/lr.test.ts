import { encodeFeatureBlock } from '@weir/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExampleDecoder } from './decode-examples.ts';
import { lr } from './lr.ts';
import type { Targets } from './model.ts';
import { implicitSchema } from './schema-fingerprint.ts';
import { logLoss, sigmoid } from './sigmoid.ts';

const labels = ['click', 'cart'];
const model = lr({ schema: undefined, labels });
const decoder = createExampleDecoder(implicitSchema);

const documents = fc.array(
  fc.record({
    features: fc.record({ a: fc.constantFrom('1', '2'), x: fc.double({ min: -2, max: 2, noNaN: true }) }),
  }),
  { minLength: 1, maxLength: 6 },
);
const seed = fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true }));

function examplesOf(docs: readonly { features: Record<string, string | number> }[]) {
  const features = encodeFeatureBlock({ context: { u: 'me', n: 0.5 }, docs });
  return decoder.decode({ features, user: '', scene: '', docIds: docs.map((_, i) => `${i}`) }, 'train');
}

function randomTargets(count: number, next: () => number): Targets {
  const column = (draw: () => number) => labels.map(() => Float32Array.from({ length: count }, draw));
  return {
    values: column(() => (next() > 0 ? 1 : 0)),
    weights: column(() => (next() > 0.5 ? 0 : 1 + next())),
  };
}

describe('lr', () => {
  it('has the gradients that numeric differentiation finds, masked labels and weights included', () => {
    fc.assert(
      fc.property(documents, seed, (docs, stream) => {
        const next = () => stream.next().value as number;
        const examples = examplesOf(docs);
        const [keys] = model.keys(examples);
        const rows = Float32Array.from({ length: keys!.length }, next); // two words a key, two labels a row
        const targets = randomTargets(docs.length, next);
        const loss = (at: Float32Array) => {
          const { probabilities } = model.forward(examples, [at]);
          let sum = 0;
          labels.forEach((_, label) => {
            probabilities[label]!.forEach((p, i) => {
              const weight = targets.weights[label]![i]!;
              if (weight > 0) sum += weight * logLoss(p, targets.values[label]![i]!);
            });
          });
          return sum;
        };
        const [gradients] = model.gradients(model.forward(examples, [rows]), targets);
        rows.forEach((value, i) => {
          const [up, down] = [rows.slice(), rows.slice()];
          up[i] = value + 2 ** -10;
          down[i] = value - 2 ** -10;
          const numeric = (loss(up) - loss(down)) / (up[i]! - down[i]!);
          expect(gradients![i]!).toBeCloseTo(numeric, 3);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('computes each head from its own column of the rows', () => {
    const examples = examplesOf([{ features: { x: 2 } }, { features: { x: -1 } }]);
    // bias, u, n, x of both documents; columns: click, cart
    const rows = Float32Array.of(0.25, 1, 0.5, 2, 1, -1, 0.125, 4, 0.125, 4);
    const { probabilities } = model.forward(examples, [rows]);
    expect(probabilities[0]).toEqual(Float64Array.of(sigmoid(1.25 + 0.25), sigmoid(1.25 - 0.125)));
    expect(probabilities[1]).toEqual(Float64Array.of(sigmoid(2.5 + 8), sigmoid(2.5 - 4)));
  });

  it('gives nothing to the rows of a label that is masked', () => {
    const examples = examplesOf([{ features: { a: '1' } }]);
    const forward = model.forward(examples, [new Float32Array(8)]);
    const ones = Float32Array.of(1);
    const [gradients] = model.gradients(forward, {
      values: [ones, Float32Array.of(Number.NaN)],
      weights: [ones, Float32Array.of(0)],
    });
    expect([...gradients!]).toEqual([-0.5, 0, -0.5, 0, -0.25, 0, -0.5, 0]);
  });

  it('does not overflow', () => {
    expect([sigmoid(1000), sigmoid(-1000), sigmoid(0)]).toEqual([1, 0, 0.5]);
    expect(logLoss(0, 1)).toBeCloseTo(16.118, 3);
    expect(logLoss(1, 1)).toBeCloseTo(0, 6);
  });
});
