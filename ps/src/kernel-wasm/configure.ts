// A table's definition as the WebAssembly kernel takes it: kinds and parameters as numbers.
import { OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';
import { describeInitializer } from '../kernel/initializers.ts';
import type { RowLayout } from '../kernel/layout.ts';
import type { RowOptimizer } from '../kernel/optimizers.ts';
import type { KernelExports, KernelInstance } from './kernel-instance.ts';

/** As ps/kernel/optimizers.ts numbers them. */
const OPTIMIZERS: Partial<Record<OptimizerKind, number>> = {
  [OptimizerKind.ASSIGN]: 0,
  [OptimizerKind.SUM]: 1,
  [OptimizerKind.SGD]: 2,
  [OptimizerKind.MOMENTUM]: 3,
  [OptimizerKind.ADAGRAD]: 4,
  [OptimizerKind.ADAM]: 5,
  [OptimizerKind.FTRL]: 6,
};
/** As ps/kernel/initializers.ts numbers them. */
const INITIALIZERS = { constant: 0, uniform: 1, normal: 2 } as const;

export function configure(
  { kernel, memoryPagesMax }: KernelInstance,
  spec: TableSpec,
  layout: RowLayout,
  optimizer: RowOptimizer,
): void {
  const { dim, stride, pageShift, chunkShift } = layout;
  kernel.open(dim, optimizer.stateSlots, stride, pageShift, chunkShift, memoryPagesMax);
  reconfigure(kernel, spec, optimizer);
  const initializer = describeInitializer(spec);
  const seed = BigInt(initializer.seedHigh) * 2n ** 32n + BigInt(initializer.seedLow);
  kernel.chooseInitializer(
    INITIALIZERS[initializer.kind],
    BigInt.asIntN(64, seed),
    ...initializer.parameters,
  );
}

/** What may change under rows that exist. */
export function reconfigure(kernel: KernelExports, spec: TableSpec, optimizer: RowOptimizer): void {
  chooseOptimizer(kernel, spec, optimizer);
  kernel.trackUse(spec.memoryRowsMax > 0 ? 1 : 0);
}

function chooseOptimizer(kernel: KernelExports, spec: TableSpec, { initialState }: RowOptimizer): void {
  const { kind, learningRate, momentum, beta1, beta2, epsilon, ftrlBeta, l1, l2 } = spec.optimizer!;
  const parameters: Partial<Record<OptimizerKind, readonly [number, number, number]>> = {
    [OptimizerKind.MOMENTUM]: [momentum, 0, 0],
    [OptimizerKind.ADAM]: [beta1, beta2, epsilon],
    [OptimizerKind.FTRL]: [ftrlBeta, l1, l2],
  };
  const number = OPTIMIZERS[kind];
  if (number === undefined) throw new Error(`the kernel has no optimizer ${kind}`);
  kernel.chooseOptimizer(
    number,
    learningRate,
    ...(parameters[kind] ?? [0, 0, 0]),
    initialState,
    spec.gradientClip,
    spec.updateNormMax,
  );
}
