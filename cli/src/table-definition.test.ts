import { describe, expect, it } from 'vitest';
import { type TableFlags, tableChanges, tableDefinition } from './table-definition.ts';

const flags: TableFlags = { dim: 4, optimizer: 'adagrad', learningRate: 0.1, initializer: 'zero' };

describe('tableDefinition', () => {
  it('takes the numbers of its optimizer', () => {
    expect(tableDefinition('doc', { ...flags, initialAccumulator: 0.01, gradientClip: 2 })).toEqual({
      name: 'doc',
      dim: 4,
      optimizer: { kind: 'adagrad', learningRate: 0.1, initialAccumulator: 0.01 },
      initializer: { kind: 'zero' },
      gradientClip: 2,
    });
  });

  it('takes admission and bounds, and ftrl its beta', () => {
    const bounds = { admission: 'count:3', ttlMs: 1000, rowsMax: 20, memoryRowsMax: 10 };
    expect(tableDefinition('doc', { ...flags, optimizer: 'ftrl', beta: 2, ...bounds })).toMatchObject({
      optimizer: { kind: 'ftrl', learningRate: 0.1, ftrlBeta: 2 },
      ...bounds,
      admission: { kind: 'count', count: 3 },
    });
    expect(tableDefinition('doc', { ...flags, admission: 'probability:0.1' }).admission).toEqual({
      kind: 'probability',
      probability: 0.1,
    });
    for (const admission of ['never', 'count', 'count:', 'probability:x']) {
      expect(() => tableDefinition('doc', { ...flags, admission })).toThrow('--admission');
    }
  });

  it('of an alter, holds what was given', () => {
    expect(tableChanges({ learningRate: 0.5, beta: 2, admission: 'always', ttlMs: 0 })).toEqual({
      optimizer: { learningRate: 0.5, ftrlBeta: 2 },
      admission: { kind: 'always' },
      ttlMs: 0,
    });
    expect(tableChanges({ gradientClip: 1 })).toEqual({ gradientClip: 1 });
    expect(() => tableChanges({})).toThrow('no change is given');
  });

  it.each([
    ['constant:0.5', { kind: 'constant', value: 0.5 }],
    ['uniform:-0.1,0.1', { kind: 'uniform', low: -0.1, high: 0.1 }],
    ['normal:0,0.02', { kind: 'normal', mean: 0, standardDeviation: 0.02 }],
  ])('reads the initializer %s', (initializer, expected) => {
    expect(tableDefinition('doc', { ...flags, initializer }).initializer).toEqual(expected);
  });

  it.each([
    [{ optimizer: 'sgd', learningRate: undefined }, '--optimizer sgd needs --learning-rate'],
    [{ optimizer: 'momentum' }, '--optimizer momentum needs --momentum'],
    [{ optimizer: 'sum' }, '--optimizer sum takes no --learning-rate'],
    [{ l1: 1 }, '--optimizer adagrad takes no --l1'],
    [{ initializer: 'one' }, '--initializer "one" is none of'],
    [{ initializer: 'constant' }, '--initializer'],
    [{ initializer: 'uniform:1' }, '--initializer'],
    [{ initializer: 'normal:0,x' }, '--initializer'],
    [{ initializer: 'zero:0' }, '--initializer'],
  ])('refuses %j', (change, message) => {
    expect(() => tableDefinition('doc', { ...flags, ...change } as TableFlags)).toThrow(message);
  });
});
