// `lr-calibrated` that takes its time: for tests of trainers of different speed.
import { lrCalibrated, type Model, type ModelOptions } from '@weir/model';

const REQUEST_MS = 10;
const clock = new Int32Array(new SharedArrayBuffer(4));

export default function slowCalibratedModel(options: ModelOptions): Model {
  const model = lrCalibrated(options);
  return {
    ...model,
    gradients(forward, targets) {
      Atomics.wait(clock, 0, 0, REQUEST_MS);
      return model.gradients(forward, targets);
    },
  };
}
