// Rows of dimension 1 with Adagrad in f32, as a table of the shards has them, for tests.
import { KeyIndex, type PackedKeys } from '@weir/proto';

export class LocalRows {
  readonly #learningRate: number;
  readonly #initialAccumulator: number;
  readonly #index = new KeyIndex();
  readonly #weights: number[] = [];
  readonly #squares: number[] = [];

  constructor(learningRate: number, initialAccumulator: number) {
    this.#learningRate = Math.fround(learningRate);
    this.#initialAccumulator = Math.fround(initialAccumulator);
  }

  pull(keys: PackedKeys): Float32Array {
    return Float32Array.from({ length: keys.length / 2 }, (_, i) => {
      const row = this.#index.find(keys[2 * i]!, keys[2 * i + 1]!);
      return this.#weights[row] ?? 0;
    });
  }

  push(keys: PackedKeys, gradients: Float32Array): void {
    gradients.forEach((gradient, i) => {
      const row = this.#index.insert(keys[2 * i]!, keys[2 * i + 1]!);
      const squares = (this.#squares[row] ?? this.#initialAccumulator) + gradient * gradient;
      this.#squares[row] = Math.fround(squares);
      const step = (this.#learningRate * gradient) / Math.sqrt(this.#squares[row]);
      this.#weights[row] = Math.fround((this.#weights[row] ?? 0) - step);
    });
  }

  all(): { keys: PackedKeys; weights: readonly number[] } {
    return { keys: this.#index.keys.slice(), weights: this.#weights };
  }
}
