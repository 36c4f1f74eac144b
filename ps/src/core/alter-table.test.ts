import { AdmissionKind, InitializerKind, OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';
import { describe, expect, it } from 'vitest';
import { OPTIMIZERS, testTable } from '../kernel/test-tables.ts';
import { alteredSpec } from './alter-table.ts';

const TABLE = testTable({ dim: 4, optimizer: OPTIMIZERS.adagrad, ttlMs: 1_000 });

describe('an altered definition', () => {
  it('may have another optimizer rate, clip, cap, admission and bounds, in normal form', () => {
    const admission = { kind: AdmissionKind.ALWAYS, count: 9, probability: 9 };
    const changes = { gradientClip: 2, updateNormMax: 1, ttlMs: 0, rowsMax: 9, admission };
    const optimizer = { ...TABLE.optimizer!, learningRate: 0.5, beta1: 3 };
    expect(alteredSpec(TABLE, { ...TABLE, ...changes, optimizer })).toEqual({
      ...TABLE,
      ...changes,
      optimizer: { ...TABLE.optimizer!, learningRate: 0.5 },
      admission: undefined,
    });
  });

  it.each<[string, Partial<TableSpec>]>([
    ['name', { name: 'default/other' }],
    ['seed', { seed: 2 }],
    ['dim', { dim: 5 }],
    ['optimizer.kind', { optimizer: { ...TABLE.optimizer!, kind: OptimizerKind.SGD } }],
    ['memoryRowsMax from or to 0', { memoryRowsMax: 5, ttlMs: 0 }],
    [
      'initializer.kind',
      { initializer: { ...TABLE.initializer!, kind: InitializerKind.CONSTANT, value: 1 } },
    ],
  ])('has the same %s', (field, change) => {
    expect(() => alteredSpec(TABLE, { ...TABLE, ...change })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `table default/test: ${field} cannot change; create another table`,
      }),
    );
  });
});
