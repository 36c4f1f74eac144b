// `lr` with a dense weight that counts the samples it has learned, and that takes its time: for tests that kill a trainer.
import { lr, type Model, type ModelOptions } from '@weir/model';

const REQUEST_MS = 2;
const clock = new Int32Array(new SharedArrayBuffer(4));

export default function countingDenseModel(options: ModelOptions): Model {
  const plain = lr(options);
  return {
    ...plain,
    name: 'counting-dense',
    dense: { initial: Float32Array.of(0), optimizer: { kind: 'sgd', learningRate: 1 } },
    gradients(forward, targets) {
      Atomics.wait(clock, 0, 0, REQUEST_MS);
      return [...plain.gradients(forward, targets), Float32Array.of(-forward.examples.documents)];
    },
  };
}
