// Table definitions and keys for tests of the kernel.
import {
  type Initializer,
  InitializerKind,
  type Optimizer,
  OptimizerKind,
  type TableSpec,
} from '@weir/proto/v1/tables';
import { validateTableSpec } from '../core/table-spec.ts';

const NO_OPTIMIZER: Optimizer = {
  kind: OptimizerKind.SUM,
  learningRate: 0,
  initialAccumulator: 0,
  beta1: 0,
  beta2: 0,
  epsilon: 0,
  ftrlBeta: 0,
  l1: 0,
  l2: 0,
  momentum: 0,
};
const ZERO: Initializer = {
  kind: InitializerKind.ZERO,
  value: 0,
  low: 0,
  high: 0,
  mean: 0,
  standardDeviation: 0,
};

export type TestTable = Omit<Partial<TableSpec>, 'optimizer' | 'initializer'> & {
  readonly optimizer?: Partial<Optimizer>;
  readonly initializer?: Partial<Initializer>;
};

export const OPTIMIZERS = {
  assign: { kind: OptimizerKind.ASSIGN },
  sum: { kind: OptimizerKind.SUM },
  sgd: { kind: OptimizerKind.SGD, learningRate: 0.1 },
  momentum: { kind: OptimizerKind.MOMENTUM, learningRate: 0.1, momentum: 0.9 },
  adagrad: { kind: OptimizerKind.ADAGRAD, learningRate: 0.1, initialAccumulator: 0.01 },
  adam: { kind: OptimizerKind.ADAM, learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  ftrl: { kind: OptimizerKind.FTRL, learningRate: 0.1, ftrlBeta: 1, l1: 0.5, l2: 0.1 },
} as const satisfies Record<string, Partial<Optimizer>>;

/** A valid definition: dim 2, `sum`, zeros, but for what is given. */
export function testTable({ optimizer, initializer, ...rest }: TestTable = {}): TableSpec {
  return validateTableSpec({
    name: 'default/test',
    uid: 'test-uid',
    seed: 1,
    dim: 2,
    gradientClip: 0,
    updateNormMax: 0,
    admission: undefined,
    ttlMs: 0,
    rowsMax: 0,
    memoryRowsMax: 0,
    ...rest,
    optimizer: { ...NO_OPTIMIZER, ...optimizer },
    initializer: { ...ZERO, ...initializer },
  });
}

/** Packed keys of small numbers. */
export function keysOf(...numbers: readonly number[]): Uint32Array {
  return Uint32Array.from(numbers.flatMap((number) => [number >>> 0, Math.floor(number / 2 ** 32)]));
}
