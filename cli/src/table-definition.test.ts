import { describe, expect, it } from 'vitest';
import { type TableFlags, tableDefinition } from './table-definition.ts';

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
