import type { TableSpec } from '@weir/proto/v1/tables';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../kernel-wasm/test-kernels.ts';
import { keysOf, OPTIMIZERS, testTable } from './test-tables.ts';

describe.each(KERNELS)('%s kernel', (_kernel, createRowTable) => {
  /** Half a unit in the last place: what one rounding to f32 errs, relative to its result; */
  const EPSILON = 2 ** -24;
  /** and below the normal range, absolutely (times what a division by a small root may make of it). */
  const UNDERFLOW = 2 ** -140;
  /** Gradients of one row and component, from tiny to large, some zero. */
  const gradients = fc.array(
    fc.oneof(
      fc.float({ min: -1, max: 1, noNaN: true }),
      fc.float({ min: -100, max: 100, noNaN: true }),
      fc.constant(0),
    ),
    { minLength: 1, maxLength: 40 },
  );
  const start = fc.float({ min: -10, max: 10, noNaN: true });

  /** The weight after pushing the gradients one by one, from a constant initial weight. */
  function weightAfter(spec: TableSpec, pushed: readonly number[]): number {
    const table = createRowTable(spec);
    for (const [i, gradient] of pushed.entries()) table.push(keysOf(7), Float32Array.of(gradient), i + 1);
    const out = new Float32Array(1);
    table.pull(keysOf(7), out);
    return out[0]!;
  }

  /** `sum` of absolute values: what errors are measured against, since each operation errs relative to its result. */
  const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + Math.abs(number), 0);

  /** The stated tolerance: so many roundings a step, each of a number no larger than `moved`. */
  function roundings(count: number, pushed: readonly number[], moved: number): number {
    return count * pushed.length * (EPSILON * moved + UNDERFLOW);
  }

  interface Reference {
    readonly weight: number;
    /** Sum of |initial weight| and |steps|. */
    readonly moved: number;
  }

  /** Each optimizer in f64, straight from its paper, for one component. */
  function reference(
    initial: number,
    pushed: readonly number[],
    step: (gradient: number, weight: number) => number,
  ): Reference {
    let weight = initial;
    let moved = Math.abs(initial);
    for (const gradient of pushed) {
      const change = step(gradient, weight);
      weight += change;
      moved += Math.abs(change);
    }
    return { weight, moved };
  }

  describe('optimizers against a float64 reference', () => {
    const constantStart = (optimizer: Parameters<typeof testTable>[0], value: number) =>
      testTable({ dim: 1, initializer: { kind: 2, value }, ...optimizer });

    it('assign: the last value, exactly', () => {
      fc.assert(
        fc.property(start, gradients, (initial, pushed) => {
          expect(weightAfter(constantStart({ optimizer: OPTIMIZERS.assign }, initial), pushed)).toBe(
            pushed.at(-1),
          );
        }),
      );
    });

    it('sum: within one rounding a step', () => {
      fc.assert(
        fc.property(start, gradients, (initial, pushed) => {
          const exact = reference(initial, pushed, (gradient) => gradient);
          const weight = weightAfter(constantStart({ optimizer: OPTIMIZERS.sum }, initial), pushed);
          expect(Math.abs(weight - exact.weight)).toBeLessThanOrEqual(roundings(1, pushed, exact.moved));
        }),
      );
    });

    it('sgd: within two roundings a step', () => {
      const rate = Math.fround(OPTIMIZERS.sgd.learningRate);
      fc.assert(
        fc.property(start, gradients, (initial, pushed) => {
          const exact = reference(initial, pushed, (gradient) => -rate * gradient);
          const weight = weightAfter(constantStart({ optimizer: OPTIMIZERS.sgd }, initial), pushed);
          expect(Math.abs(weight - exact.weight)).toBeLessThanOrEqual(roundings(2, pushed, exact.moved));
        }),
      );
    });

    it('momentum: within two roundings a step, and two of every step before, which v carries on', () => {
      const { learningRate, momentum } = OPTIMIZERS.momentum;
      const [rate, factor] = [Math.fround(learningRate), Math.fround(momentum)];
      fc.assert(
        fc.property(start, gradients, (initial, pushed) => {
          let v = 0;
          const exact = reference(initial, pushed, (gradient) => {
            v = factor * v + gradient;
            return -rate * v;
          });
          const weight = weightAfter(constantStart({ optimizer: OPTIMIZERS.momentum }, initial), pushed);
          expect(Math.abs(weight - exact.weight)).toBeLessThanOrEqual(roundings(4, pushed, exact.moved));
        }),
      );
    });

    it('adagrad: within five roundings a step', () => {
      const rate = Math.fround(OPTIMIZERS.adagrad.learningRate);
      fc.assert(
        fc.property(start, gradients, (initial, pushed) => {
          let n = Math.fround(OPTIMIZERS.adagrad.initialAccumulator);
          const exact = reference(initial, pushed, (gradient) => {
            n += gradient * gradient;
            return (-rate * gradient) / Math.sqrt(n);
          });
          const weight = weightAfter(constantStart({ optimizer: OPTIMIZERS.adagrad }, initial), pushed);
          expect(Math.abs(weight - exact.weight)).toBeLessThanOrEqual(roundings(5, pushed, exact.moved));
        }),
      );
    });

    it('adam: within 1e-5 of the rate a step, with corrections for the age of the row', () => {
      const { learningRate, beta1, beta2, epsilon } = OPTIMIZERS.adam;
      const [rate, b1, b2] = [Math.fround(learningRate), Math.fround(beta1), Math.fround(beta2)];
      fc.assert(
        fc.property(start, gradients, (initial, pushed) => {
          let [m, v, t] = [0, 0, 0];
          const exact = reference(initial, pushed, (gradient) => {
            t++;
            m = b1 * m + (1 - b1) * gradient;
            v = b2 * v + (1 - b2) * gradient ** 2;
            return (-rate * (m / (1 - b1 ** t))) / (Math.sqrt(v / (1 - b2 ** t)) + epsilon);
          });
          const weight = weightAfter(constantStart({ optimizer: OPTIMIZERS.adam }, initial), pushed);
          const tolerance = pushed.length * 1e-5 * rate + roundings(1, pushed, exact.moved);
          expect(Math.abs(weight - exact.weight)).toBeLessThanOrEqual(tolerance);
        }),
      );
    });

    it('ftrl: within eight roundings a step, and exactly zero inside l1', () => {
      const { learningRate, ftrlBeta, l1, l2 } = OPTIMIZERS.ftrl;
      const [alpha, lambda1, lambda2] = [Math.fround(learningRate), l1, Math.fround(l2)];
      fc.assert(
        fc.property(gradients, (pushed) => {
          let [z, n, weight] = [0, 0, 0];
          let moved = 0;
          for (const gradient of pushed) {
            const sigma = (Math.sqrt(n + gradient ** 2) - Math.sqrt(n)) / alpha;
            moved += Math.abs(gradient) + Math.abs(sigma * weight);
            z += gradient - sigma * weight;
            n += gradient ** 2;
            weight =
              Math.abs(z) <= lambda1
                ? 0
                : -(z - Math.sign(z) * lambda1) / ((ftrlBeta + Math.sqrt(n)) / alpha + lambda2);
          }
          const strength = (ftrlBeta + Math.sqrt(n)) / alpha + lambda2;
          const got = weightAfter(testTable({ dim: 1, optimizer: OPTIMIZERS.ftrl }), pushed);
          expect(Math.abs(got - weight)).toBeLessThanOrEqual(roundings(8, pushed, moved) / strength);
          if (total(pushed) < lambda1) expect(got).toBe(0);
        }),
      );
    });
  });

  describe('the components of a row', () => {
    it.each(Object.entries(OPTIMIZERS))('%s: each moves as a row of its own would', (_, optimizer) => {
      fc.assert(
        fc.property(fc.array(fc.tuple(start, start, start), { minLength: 1, maxLength: 10 }), (pushed) => {
          const table = createRowTable(testTable({ dim: 3, optimizer }));
          for (const [i, gradient] of pushed.entries())
            table.push(keysOf(7), Float32Array.from(gradient), i + 1);
          const out = new Float32Array(3);
          table.pull(keysOf(7), out);
          const alone = [0, 1, 2].map((j) =>
            weightAfter(
              testTable({ dim: 1, optimizer }),
              pushed.map((gradient) => gradient[j]!),
            ),
          );
          expect([...out]).toEqual(alone);
        }),
        { numRuns: 30 },
      );
    });
  });

  describe('gradients at the ends of f32', () => {
    const extreme = fc
      .constantFrom(3.4028234e38, -3.4028234e38, 1e-45, -1e-45, 1e20, -1e20, 1e-20, 0, 1)
      .map(Math.fround);

    it.each(Object.entries(OPTIMIZERS))('%s: never leave NaN or infinity in a row', (_, optimizer) => {
      fc.assert(
        fc.property(fc.array(extreme, { minLength: 1, maxLength: 30 }), fc.boolean(), (pushed, capped) => {
          const takesCap =
            optimizer.kind !== OPTIMIZERS.assign.kind && optimizer.kind !== OPTIMIZERS.ftrl.kind;
          const table = createRowTable(
            testTable({ dim: 1, optimizer, updateNormMax: capped && takesCap ? 2 : 0 }),
          );
          for (const [i, gradient] of pushed.entries()) {
            table.push(keysOf(7), Float32Array.of(gradient), i + 1);
            const [page] = table.pages(0);
            const bytes = table.readPage(page!);
            const row = new Float32Array(bytes.buffer, bytes.length - 4 * (2 + table.stateSlots));
            expect(row.every(Number.isFinite)).toBe(true);
          }
        }),
      );
    });
  });

  describe('gradientClip', () => {
    it('does what pushing clipped gradients does', () => {
      const clip = 0.75;
      for (const optimizer of [
        OPTIMIZERS.sum,
        OPTIMIZERS.sgd,
        OPTIMIZERS.momentum,
        OPTIMIZERS.adagrad,
        OPTIMIZERS.adam,
        OPTIMIZERS.ftrl,
      ]) {
        fc.assert(
          fc.property(gradients, (pushed) => {
            const clipped = pushed.map((gradient) => Math.min(Math.max(gradient, -clip), clip));
            expect(weightAfter(testTable({ dim: 1, optimizer, gradientClip: clip }), pushed)).toBe(
              weightAfter(testTable({ dim: 1, optimizer }), clipped),
            );
          }),
          { numRuns: 30 },
        );
      }
    });
  });

  describe('updateNormMax', () => {
    const row = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 3, maxLength: 3 });

    it('scales an update down to the norm and keeps its direction', () => {
      fc.assert(
        fc.property(row, row, (first, second) => {
          const max = 2;
          const table = createRowTable(testTable({ dim: 3, optimizer: OPTIMIZERS.sum, updateNormMax: max }));
          const before = new Float32Array(3);
          const after = new Float32Array(3);
          table.push(keysOf(1), Float32Array.from(first), 1);
          table.pull(keysOf(1), before);
          table.push(keysOf(1), Float32Array.from(second), 2);
          table.pull(keysOf(1), after);
          const scale = Math.min(1, max / Math.hypot(...second));
          for (let i = 0; i < 3; i++) {
            const change = after[i]! - before[i]!;
            expect(Math.abs(change - second[i]! * scale)).toBeLessThanOrEqual(
              8 * EPSILON * (max + Math.abs(before[i]!)),
            );
          }
        }),
      );
    });

    it('changes nothing below the norm', () => {
      const steps = [0.3, -0.2, 0.4];
      const capped = testTable({ dim: 1, optimizer: OPTIMIZERS.adagrad, updateNormMax: 10 });
      expect(weightAfter(capped, steps)).toBe(
        weightAfter(testTable({ dim: 1, optimizer: OPTIMIZERS.adagrad }), steps),
      );
    });
  });
});
