// The thread of a static part: loads the ONNX model, then answers one request after the other. Loading and running block their
// thread, so neither may be done where requests are answered.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { StaticAnswer, StaticQuestion } from './static-runner.ts';

const port = parentPort!;
// One thread, so that sums have one order.
const session = await InferenceSession.create(workerData as Uint8Array, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
});
port.on('message', (question: StaticQuestion) => {
  void answer(question).then((answered) => port.postMessage(answered));
});
const loaded: StaticAnswer = { number: 0, outputs: [] };
port.postMessage(loaded);

async function answer({ number, feeds, outputs: names }: StaticQuestion): Promise<StaticAnswer> {
  try {
    const tensors = feeds.map(({ name, values }) => [name, tensor(values)] as const);
    const outputs = await session.run(Object.fromEntries(tensors), [...names]);
    return { number, outputs: names.map((name) => outputs[name]!.data as Float32Array) };
  } catch (error) {
    return { number, failure: (error as Error).message };
  }
}

function tensor(values: readonly string[] | Float32Array): Tensor {
  return values instanceof Float32Array
    ? new Tensor('float32', values, [values.length])
    : new Tensor('string', [...values], [values.length]);
}
