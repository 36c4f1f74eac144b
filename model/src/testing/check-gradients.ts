// Compares a model's gradients with central differences of its loss, in f64: rows are handed over as Float64Arrays, which
// `forward` only reads numbers from, so that the differences are not lost in the rounding of f32.
import { encodeFeatureBlock } from '@weir/proto';
import fc from 'fast-check';
import { expect } from 'vitest';
import { createExampleDecoder } from '../decode-examples.ts';
import type { Examples } from '../examples.ts';
import type { Model, Targets } from '../model.ts';
import { implicitSchema } from '../schema-fingerprint.ts';
import { logLoss } from '../sigmoid.ts';

const STEP = 1e-5;

/** One to four documents with a category, a number and several values, of a request with both kinds. */
export const someDocuments = fc.array(
  fc.record({
    features: fc.record({
      a: fc.constantFrom('1', '2'),
      x: fc.double({ min: -2, max: 2, noNaN: true }),
      tags: fc.subarray(['p', 'q']),
    }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Numbers from -1 to 1. */
export const someNumbers = fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true }));

const decoder = createExampleDecoder(implicitSchema);

export function examplesOf(
  docs: readonly { readonly features: Readonly<Record<string, string | number | string[]>> }[],
): Examples {
  const features = encodeFeatureBlock({ context: { u: 'me', n: 0.5 }, docs });
  return decoder.decode({ features, user: '', scene: '', docIds: docs.map((_, i) => `${i}`) }, 'train');
}

/** With random rows and targets, of which some are masked and some count more than others. */
export function expectGradients(model: Model, examples: Examples, next: () => number): void {
  const draws = (count: number) => Float64Array.from({ length: count }, next);
  const rows = model.keys(examples).map((keys, i) => draws((keys.length / 2) * model.tables[i]!.dim));
  const column = (draw: () => number) =>
    model.labels.map(() => Float32Array.from({ length: examples.documents }, draw));
  const targets: Targets = {
    values: column(() => (next() > 0 ? 1 : 0)),
    weights: column(() => (next() > 0.5 ? 0 : 1 + next())),
  };
  const forward = () => model.forward(examples, rows as readonly unknown[] as readonly Float32Array[]);
  const loss = (): number => {
    const { probabilities } = forward();
    let sum = 0;
    targets.weights.forEach((weights, label) => {
      weights.forEach((weight, i) => {
        if (weight > 0) sum += weight * logLoss(probabilities[label]![i]!, targets.values[label]![i]!);
      });
    });
    return sum;
  };
  const gradients = model.gradients(forward(), targets);
  rows.forEach((table, i) => {
    table.forEach((value, at) => {
      table[at] = value + STEP;
      const above = loss();
      table[at] = value - STEP;
      const numeric = (above - loss()) / (2 * STEP);
      table[at] = value;
      // f32 rounds the gradient, the third derivative the difference.
      const bound = 1e-6 * (1 + Math.abs(numeric));
      const given = gradients[i]![at]!;
      if (!(Math.abs(given - numeric) < bound))
        expect.fail(`table ${i}, value ${at}: ${given}, not ${numeric}`);
    });
  });
}
