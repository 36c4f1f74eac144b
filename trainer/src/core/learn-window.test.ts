import { createExampleDecoder, logLoss, lr, type Model } from '@weir/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodedSample, type SampleSketch } from '../testing/sample-records.ts';
import { learnWindow } from './learn-window.ts';
import { prepareRequest } from './prepare-request.ts';
import { readSampleRequest } from './sample-request.ts';
import { type Window, WindowBuilder } from './window.ts';

const labels = ['click', 'cart'];
const model = lr({ schema: undefined, labels });
const decoder = createExampleDecoder(model.schema);

function windowOf(sketches: readonly SampleSketch[]): Window {
  const builder = new WindowBuilder(model.tables, { requestsMax: 1e9, bytesMax: 1e9 });
  for (const sketch of sketches) {
    const request = readSampleRequest(encodedSample(sketch), { partition: 0, offset: 0 }, labels, '');
    builder.add(prepareRequest(request, model, decoder, [1, 1]));
  }
  return builder.close('count', []);
}

/** Adagrad on rows in f32, as a shard has them. */
class Rows {
  readonly weights = new Map<string, Float32Array>();
  readonly accumulators = new Map<string, Float32Array>();

  pull(keys: Uint32Array): Float32Array {
    const rows = new Float32Array(keys.length);
    for (let i = 0; i < keys.length; i += 2)
      rows.set(this.weights.get(`${keys[i]}/${keys[i + 1]}`) ?? [0, 0], i);
    return rows;
  }

  push(keys: Uint32Array, gradients: Float32Array): void {
    for (let i = 0; i < keys.length; i += 2) {
      const key = `${keys[i]}/${keys[i + 1]}`;
      const weights = this.weights.get(key) ?? new Float32Array(2);
      const accumulators = this.accumulators.get(key) ?? new Float32Array(2).fill(0.01);
      for (let k = 0; k < 2; k++) {
        const gradient = gradients[i + k]!;
        accumulators[k]! += gradient * gradient;
        weights[k]! -= (0.1 * gradient) / Math.sqrt(accumulators[k]!);
      }
      this.weights.set(key, weights);
      this.accumulators.set(key, accumulators);
    }
  }
}

interface Document {
  readonly item: string;
  readonly x: number;
  readonly click: 0 | 1;
  readonly cart: 0 | 1 | null;
}

/** Logistic regression with Adagrad, in f64, straight from values; knows nothing of hashes, blocks and windows' numbers. */
class Reference {
  readonly #weights = new Map<string, number>();
  readonly #squares = new Map<string, number>();
  readonly losses = [0, 0];

  learn(window: readonly (readonly Document[])[]): void {
    const gradients = new Map<string, number>();
    for (const document of window.flat()) {
      const features: [string, number][] = [
        ['bias', 1],
        [`u=me`, 1],
        [`item=${document.item}`, 1],
        ['x', document.x],
      ];
      [document.click, document.cart].forEach((target, label) => {
        if (target === null) return;
        const logit = features.reduce(
          (sum, [name, x]) => sum + (this.#weights.get(`${label} ${name}`) ?? 0) * x,
          0,
        );
        const probability = 1 / (1 + Math.exp(-logit));
        this.losses[label]! -= Math.log(target === 1 ? probability : 1 - probability);
        for (const [name, x] of features) {
          const key = `${label} ${name}`;
          gradients.set(key, (gradients.get(key) ?? 0) + (probability - target) * x);
        }
      });
    }
    for (const [key, gradient] of gradients) {
      const square = (this.#squares.get(key) ?? 0.01) + gradient ** 2;
      this.#squares.set(key, square);
      this.#weights.set(key, (this.#weights.get(key) ?? 0) - (0.1 * gradient) / Math.sqrt(square));
    }
  }
}

const document: fc.Arbitrary<Document> = fc.record({
  item: fc.constantFrom('a', 'b', 'c', 'd'),
  x: fc.double({ min: -1, max: 1, noNaN: true }),
  click: fc.constantFrom(0, 1),
  cart: fc.constantFrom(0, 1, null),
});
const windows = fc.array(
  fc.array(fc.array(document, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
  { minLength: 1, maxLength: 20 },
);

function sketchOf(list: readonly Document[]): SampleSketch {
  return {
    block: { context: { u: 'me' }, docs: list.map(({ item, x }) => ({ features: { item, x } })) },
    labels: { click: list.map(({ click }) => click), cart: list.map(({ cart }) => cart) },
  };
}

describe('learnWindow', () => {
  it('learns what an independent f64 reference of lr and Adagrad learns, masks included', () => {
    fc.assert(
      fc.property(windows, (all) => {
        const rows = new Rows();
        const reference = new Reference();
        const losses = [0, 0];
        for (const lists of all) {
          const window = windowOf(lists.map(sketchOf));
          const update = learnWindow(model, window, [rows.pull(window.keys[0]!)], ({ forward, targets }) => {
            labels.forEach((_, label) => {
              forward!.probabilities[label]!.forEach((probability, i) => {
                if (targets!.weights[label]![i] === 0) return;
                losses[label]! += logLoss(probability, targets!.values[label]![i]!);
              });
            });
          });
          rows.push(update.parts[0]!.keys, update.parts[0]!.gradients);
          reference.learn(lists);
        }
        // f32 rows against f64 ones: each of up to 400 losses is off by about 1e-6.
        losses.forEach((loss, label) => {
          expect(Math.abs(loss - reference.losses[label]!)).toBeLessThan(1e-3);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('predicts every request of a window before it learns any of them', () => {
    const one = sketchOf([{ item: 'a', x: 0.5, click: 1, cart: null }]);
    const window = windowOf([one, one, one]);
    const seen: number[] = [];
    const update = learnWindow(model, window, [new Float32Array(window.keys[0]!.length)], ({ forward }) => {
      seen.push(forward!.probabilities[0]![0]!);
    });
    expect(seen).toEqual([0.5, 0.5, 0.5]);
    // Summed per key: three times the gradient of one; nothing for the masked label.
    expect([...update.parts[0]!.gradients]).toEqual([-1.5, 0, -1.5, 0, -1.5, 0, -0.75, 0]);
  });

  it('leaves out the keys whose gradients are not finite, and counts them', () => {
    const broken: Model = {
      ...model,
      gradients: (forward, targets) => {
        const [gradients] = model.gradients(forward, targets);
        gradients![2] = Number.NaN;
        gradients![5] = Number.POSITIVE_INFINITY;
        return [gradients!];
      },
    };
    const window = windowOf([sketchOf([{ item: 'a', x: 0.5, click: 1, cart: 1 }])]);
    const rows = [new Float32Array(window.keys[0]!.length)];
    const whole = learnWindow(model, window, rows, () => {}).parts[0]!;
    const { parts, rejectedRows } = learnWindow(broken, window, rows, () => {});
    expect(rejectedRows).toBe(2);
    expect([...parts[0]!.keys]).toEqual([...whole.keys.slice(0, 2), ...whole.keys.slice(6)]);
    expect([...parts[0]!.gradients]).toEqual([...whole.gradients.slice(0, 2), ...whole.gradients.slice(6)]);
  });

  it("says what a model of one's own gets wrong", () => {
    const window = windowOf([sketchOf([{ item: 'a', x: 0.5, click: 1, cart: 1 }])]);
    const rows = [new Float32Array(window.keys[0]!.length)];
    const learn = (part: Partial<Model>) => () => learnWindow({ ...model, ...part }, window, rows, () => {});
    expect(learn({ gradients: () => [new Float32Array(3)] })).toThrow(
      'model lr: gradients gave 3 values for table lr, 4 keys of dim 2',
    );
    expect(learn({ forward: (examples, own) => ({ examples, rows: own, probabilities: [] }) })).toThrow(
      'model lr: forward gave 0 probabilities of click for 1 documents',
    );
  });

  it('leaves out a request on which the model fails, and learns the others as without it', () => {
    const poisoned = sketchOf([{ item: 'poison', x: 0.5, click: 1, cart: 1 }]);
    const sound = sketchOf([{ item: 'a', x: 0.5, click: 1, cart: 1 }]);
    let calls = 0;
    const failing: Model = {
      ...model,
      forward: (examples, rows) => {
        if (calls++ === 0) throw new TypeError('no such document');
        return model.forward(examples, rows);
      },
    };
    const window = windowOf([poisoned, sound]);
    const rows = [new Float32Array(window.keys[0]!.length)];
    const evaluated: boolean[] = [];
    const { parts, failures } = learnWindow(failing, window, rows, ({ forward }) => {
      evaluated.push(forward !== undefined);
    });
    expect(failures).toEqual([{ request: window.requests[0]!.request, error: expect.any(TypeError) }]);
    expect(evaluated).toEqual([false, true]);
    const alone = windowOf([sound]);
    const expected = learnWindow(model, alone, [new Float32Array(alone.keys[0]!.length)], () => {}).parts[0]!;
    const learned = new Map<string, number[]>();
    for (let i = 0; i < parts[0]!.keys.length; i += 2) {
      const gradients = [...parts[0]!.gradients.slice(i, i + 2)];
      if (gradients.some((gradient) => gradient !== 0))
        learned.set(parts[0]!.keys.slice(i, i + 2).join(), gradients);
    }
    const wanted = new Map<string, number[]>();
    for (let i = 0; i < expected.keys.length; i += 2) {
      wanted.set(expected.keys.slice(i, i + 2).join(), [...expected.gradients.slice(i, i + 2)]);
    }
    expect(learned).toEqual(wanted);
  });

  it('passes on requests of which nothing is learned', () => {
    const window = windowOf([{ labels: { click: [null, null] } }]);
    const evaluated: unknown[] = [];
    const { parts } = learnWindow(model, window, [new Float32Array(0)], (prediction) => {
      evaluated.push(prediction.forward);
    });
    expect(evaluated).toEqual([undefined]);
    expect(parts[0]!.keys).toHaveLength(0);
  });
});
