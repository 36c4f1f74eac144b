// What a row must be after its updates, in float64 and written from the papers: nothing is shared with the kernel.
// Hyperparameters are those that the wire carries, f32.
import type { Optimizer } from '@weir/proto';

/** A row in float64: weights, and whatever state its optimizer keeps. */
export class ReferenceRow {
  readonly weights: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #steps = 0;

  constructor(initial: ArrayLike<number>, optimizer: Optimizer) {
    this.weights = Float64Array.from(initial);
    this.#first = new Float64Array(initial.length);
    this.#second = new Float64Array(initial.length);
    if (optimizer.kind === 'adagrad') this.#second.fill(f32(optimizer.initialAccumulator ?? 0.1));
  }

  update(optimizer: Optimizer, gradient: ArrayLike<number>, at: number): void {
    this.#steps++;
    for (let i = 0; i < this.weights.length; i++) this.#component(optimizer, i, gradient[at + i]!);
  }

  #component(optimizer: Optimizer, i: number, g: number): void {
    const { weights } = this;
    const first = this.#first;
    const second = this.#second;
    switch (optimizer.kind) {
      case 'assign':
        weights[i] = g;
        return;
      case 'sum':
        weights[i]! += g;
        return;
      case 'sgd':
        weights[i]! -= f32(optimizer.learningRate) * g;
        return;
      case 'momentum':
        first[i] = f32(optimizer.momentum) * first[i]! + g;
        weights[i]! -= f32(optimizer.learningRate) * first[i]!;
        return;
      case 'adagrad':
        second[i]! += g * g;
        weights[i]! -= (f32(optimizer.learningRate) * g) / Math.sqrt(second[i]!);
        return;
      case 'adam': {
        const beta1 = f32(optimizer.beta1 ?? 0.9);
        const beta2 = f32(optimizer.beta2 ?? 0.999);
        first[i] = beta1 * first[i]! + (1 - beta1) * g;
        second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
        const m = first[i]! / (1 - beta1 ** this.#steps);
        const v = second[i]! / (1 - beta2 ** this.#steps);
        weights[i]! -= (f32(optimizer.learningRate) * m) / (Math.sqrt(v) + f32(optimizer.epsilon ?? 1e-8));
        return;
      }
      case 'ftrl': {
        const alpha = f32(optimizer.learningRate);
        const l1 = f32(optimizer.l1 ?? 0);
        const n = second[i]! + g * g;
        const sigma = (Math.sqrt(n) - Math.sqrt(second[i]!)) / alpha;
        first[i]! += g - sigma * weights[i]!;
        second[i] = n;
        const z = first[i]!;
        const strength = (f32(optimizer.ftrlBeta ?? 1) + Math.sqrt(n)) / alpha + f32(optimizer.l2 ?? 0);
        weights[i] = Math.abs(z) <= l1 ? 0 : -(z - Math.sign(z) * l1) / strength;
      }
    }
  }
}

/** The table's definitions keep whole numbers exact; everything else drifts by the rounding of f32 only. */
export function tolerance(optimizer: Optimizer, expected: number): number {
  if (optimizer.kind === 'sum' || optimizer.kind === 'assign') return 0;
  return 2e-4 * Math.max(1, Math.abs(expected));
}

function f32(value: number): number {
  return Math.fround(value);
}
