import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DenseDefinition, type DenseState, initialDense, updateDense } from './dense.ts';
import { averagedDense, type DensePart, denseParts } from './dense-average.ts';

const SIZE = 3;
const initial = Float32Array.of(1, 0, -0.5);
const sgd: DenseDefinition = { initial, optimizer: { kind: 'sgd', learningRate: 0.1 } };
const adagrad: DenseDefinition = {
  initial,
  optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.01 },
};
const values = (arbitrary: fc.Arbitrary<number>) => fc.array(arbitrary, { minLength: SIZE, maxLength: SIZE });
const number = values(fc.double({ min: -10, max: 10, noNaN: true }));

/** As the shard sums parts. */
function summed(members: readonly (readonly DensePart[])[]): { name: string; value: Float64Array }[] {
  return members[0]!.map(({ name, value }, i) => ({
    name,
    value: value.map((_, k) => members.reduce((sum, parts) => sum + parts[i]!.value[k]!, -0)),
  }));
}

describe('the optimizer of a dense part', () => {
  it.each([sgd, adagrad])('steps as a reference in f64 does: $optimizer.kind', (definition) => {
    fc.assert(
      fc.property(fc.array(number, { maxLength: 30 }), (gradients) => {
        const state = initialDense(definition);
        const weights = Array.from(initial);
        const squares = weights.map(() => 0.01);
        for (const gradient of gradients) {
          expect(updateDense(definition, state, Float32Array.from(gradient))).toBe(0);
          gradient.forEach((value, i) => {
            squares[i]! += value * value;
            weights[i]! -= (0.1 * value) / (definition === sgd ? 1 : Math.sqrt(squares[i]!));
          });
        }
        weights.forEach((weight, i) => {
          expect(Math.abs(state.weights[i]! - weight)).toBeLessThan(1e-4);
        });
      }),
    );
  });

  it('leaves out what is not finite, and counts it', () => {
    const state = initialDense(adagrad);
    expect(updateDense(adagrad, state, Float32Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY))).toBe(2);
    expect(updateDense(adagrad, state, Float32Array.of(0, 3e38, 0))).toBe(1);
    expect([state.weights[0], state.weights[2]]).toEqual([1, -0.5]);
    expect(state.weights.every(Number.isFinite) && state.optimizer.every(Number.isFinite)).toBe(true);
  });
});

describe('the average of dense parts', () => {
  const trained = fc.record({ gradients: fc.array(number, { maxLength: 5 }), samples: fc.nat({ max: 1e6 }) });

  function stateOf(gradients: readonly (readonly number[])[]): DenseState {
    const state = initialDense(adagrad);
    for (const gradient of gradients) updateDense(adagrad, state, Float32Array.from(gradient));
    return state;
  }

  it('is the mean by samples, of weights and accumulators, as a reference in f64 has it', () => {
    fc.assert(
      fc.property(fc.array(trained, { minLength: 1, maxLength: 8 }), (members) => {
        fc.pre(members.some(({ samples }) => samples > 0));
        const states = members.map(({ gradients }) => stateOf(gradients));
        const parts = states.map((state, i) => denseParts(state, members[i]!.samples));
        const average = averagedDense(adagrad, summed(parts))!;
        const total = members.reduce((sum, { samples }) => sum + samples, 0);
        for (const of of ['weights', 'optimizer'] as const) {
          average[of].forEach((value, k) => {
            const mean =
              states.reduce((sum, state, i) => sum + state[of][k]! * members[i]!.samples, 0) / total;
            expect(Math.abs(value - mean)).toBeLessThan(1e-6 * Math.max(1, Math.abs(mean)));
          });
        }
      }),
    );
  });

  it('of one trainer is what it had, bit for bit; of trainers that learned nothing, what stood', () => {
    fc.assert(
      fc.property(trained, fc.integer({ min: 1, max: 5 }), ({ gradients, samples }, members) => {
        const state = stateOf(gradients);
        expect(averagedDense(adagrad, summed([denseParts(state, samples)]))).toEqual(state);
        const idle = Array.from({ length: members }, () => denseParts(state, 0));
        expect(averagedDense(adagrad, summed(idle))).toEqual(state);
      }),
    );
  });

  it('is not taken from another model, nor from a step without a dense part', () => {
    const parts = summed([denseParts(initialDense(sgd), 5)]);
    expect(() => averagedDense(adagrad, parts)).toThrow(expect.objectContaining({ code: 'CONFIGURATION' }));
    expect(averagedDense(adagrad, [])).toBeUndefined();
  });
});
