// A table's definition from the flags of `weir table create`, and changes from those of `weir table alter`. Pure.
import type { Initializer, Optimizer, TableChanges, TableDefinition } from '@weir/sdk';
import { type BoundFlags, tableBounds } from './table-bounds.ts';

/** Numbers that optimizers take, as flags carry them. */
export interface OptimizerFlags {
  readonly learningRate?: number;
  readonly initialAccumulator?: number;
  readonly momentum?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly beta?: number;
  readonly l1?: number;
  readonly l2?: number;
}

export interface TableFlags extends OptimizerFlags, BoundFlags {
  readonly dim: number;
  readonly optimizer: Optimizer['kind'];
  readonly initializer: string;
}

interface Needs {
  readonly required: readonly (keyof OptimizerFlags)[];
  readonly optional: readonly (keyof OptimizerFlags)[];
}

const NEEDS: Readonly<Record<Optimizer['kind'], Needs>> = {
  assign: { required: [], optional: [] },
  sum: { required: [], optional: [] },
  sgd: { required: ['learningRate'], optional: [] },
  momentum: { required: ['learningRate', 'momentum'], optional: [] },
  adagrad: { required: ['learningRate'], optional: ['initialAccumulator'] },
  adam: { required: ['learningRate'], optional: ['beta1', 'beta2', 'epsilon'] },
  ftrl: { required: ['learningRate'], optional: ['beta', 'l1', 'l2'] },
};

const OPTIMIZER_NUMBERS = [
  ...new Set(Object.values(NEEDS).flatMap(({ required, optional }) => [...required, ...optional])),
];

export const OPTIMIZERS = Object.keys(NEEDS) as readonly Optimizer['kind'][];

/** Throws an Error that names the flag which is missing, does not belong, or is malformed. */
export function tableDefinition(name: string, flags: TableFlags): TableDefinition {
  return {
    name,
    dim: flags.dim,
    optimizer: optimizer(flags),
    initializer: initializer(flags.initializer),
    ...tableBounds(flags),
  };
}

/** Throws an Error that names the flag which is malformed, or says that none was given. */
export function tableChanges(flags: OptimizerFlags & BoundFlags): TableChanges {
  const numbers = OPTIMIZER_NUMBERS.filter((key) => flags[key] !== undefined).map((key) => [
    key === 'beta' ? 'ftrlBeta' : key,
    flags[key],
  ]);
  const bounds = tableBounds(flags);
  if (numbers.length === 0 && Object.keys(bounds).length === 0) throw new Error('no change is given');
  return { ...(numbers.length > 0 && { optimizer: Object.fromEntries(numbers) }), ...bounds };
}

function optimizer(flags: TableFlags): Optimizer {
  const { required, optional } = NEEDS[flags.optimizer];
  for (const key of required) {
    if (flags[key] === undefined) throw new Error(`--optimizer ${flags.optimizer} needs ${flag(key)}`);
  }
  const known = [...required, ...optional];
  for (const key of OPTIMIZER_NUMBERS) {
    if (flags[key] !== undefined && !known.includes(key)) {
      throw new Error(`--optimizer ${flags.optimizer} takes no ${flag(key)}`);
    }
  }
  const given = known
    .filter((key) => flags[key] !== undefined)
    .map((key) => [key === 'beta' ? 'ftrlBeta' : key, flags[key]]);
  // Which keys belong to the kind was checked just now.
  return { kind: flags.optimizer, ...Object.fromEntries(given) } as Optimizer;
}

/** `zero`, `constant:VALUE`, `uniform:LOW,HIGH`, `normal:MEAN,DEVIATION`. */
function initializer(text: string): Initializer {
  const [kind, ...rest] = text.split(':');
  const numbers = rest
    .join(':')
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [first = Number.NaN, second = Number.NaN] = numbers;
  const count = numbers.every(Number.isFinite) ? numbers.length : 0;
  if (text === 'zero') return { kind: 'zero' };
  if (kind === 'constant' && count === 1) return { kind, value: first };
  if (kind === 'uniform' && count === 2) return { kind, low: first, high: second };
  if (kind === 'normal' && count === 2) return { kind, mean: first, standardDeviation: second };
  throw new Error(`--initializer "${text}" is none of ${INITIALIZERS}`);
}

export const INITIALIZERS = 'zero, constant:VALUE, uniform:LOW,HIGH, normal:MEAN,DEVIATION';

function flag(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
