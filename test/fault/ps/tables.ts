// The tables of a round: every optimizer, small rows and wide ones. Values of `sum` tables are small whole numbers, so
// that each push leaves an exact mark.
import type { TableDefinition } from '@weir/proto';

/** Key: a push; value: how often it was applied. */
export const MARKS: TableDefinition = { name: 'marks', dim: 1, optimizer: { kind: 'sum' } };
/** Rows that all clients add to. */
export const SHARED: TableDefinition = { name: 'shared', dim: 2, optimizer: { kind: 'sum' } };
/** Rows of several KiB, for pushes of several frames. */
export const WIDE: TableDefinition = { name: 'wide', dim: 1024, optimizer: { kind: 'sum' } };

/**
 * Tables whose result depends on the order of updates: each client has rows of its own in them. Of two of them most rows
 * are on disk only.
 */
export const ORDERED: readonly TableDefinition[] = [
  {
    name: 'sgd',
    dim: 3,
    optimizer: { kind: 'sgd', learningRate: 0.05 },
    initializer: { kind: 'uniform', low: -0.5, high: 0.5 },
  },
  {
    name: 'momentum',
    dim: 2,
    optimizer: { kind: 'momentum', learningRate: 0.02, momentum: 0.9 },
    initializer: { kind: 'constant', value: 0.25 },
  },
  {
    name: 'adagrad',
    dim: 4,
    optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.1 },
    initializer: { kind: 'normal', mean: 0, standardDeviation: 0.1 },
    memoryRowsMax: 48,
  },
  {
    name: 'adam',
    dim: 3,
    optimizer: { kind: 'adam', learningRate: 0.02 },
    initializer: { kind: 'uniform', low: -0.1, high: 0.1 },
    memoryRowsMax: 16,
  },
  { name: 'ftrl', dim: 2, optimizer: { kind: 'ftrl', learningRate: 0.3, l1: 0.1, l2: 0.5 } },
  { name: 'assign', dim: 2, optimizer: { kind: 'assign' } },
];

/** Made and dropped in the middle of everything. */
export const CHURN: TableDefinition = { name: 'churn', dim: 2, optimizer: { kind: 'sum' } };

/** Its learning rate is altered between pushes. */
export const TUNED = {
  name: 'tuned',
  dim: 2,
  optimizer: { kind: 'momentum', learningRate: 0.02, momentum: 0.5 },
} as const satisfies TableDefinition;

/** Tables that lose rows by themselves, while a round runs. */
export const PRUNED: readonly TableDefinition[] = [
  { name: 'expiring', dim: 1, optimizer: { kind: 'sum' }, ttlMs: 1_000 },
  { name: 'bounded', dim: 1, optimizer: { kind: 'sum' }, rowsMax: 30 },
];
