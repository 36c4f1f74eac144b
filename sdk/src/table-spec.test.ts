import type { TableDefinition } from '@weir/proto';
import { TableSpec as TableMessage } from '@weir/proto/v1/tables';
import { describe, expect, it } from 'vitest';
import { qualifiedName } from './table-ref.ts';
import { decodeSpec, differences, encodeSpec } from './table-spec.ts';

const DEFINITIONS: TableDefinition[] = [
  { name: 'a', dim: 1, optimizer: { kind: 'assign' }, initializer: { kind: 'zero' } },
  { name: 'ns/b', dim: 2, optimizer: { kind: 'sum' }, initializer: { kind: 'constant', value: 0.5 } },
  {
    name: 'c',
    dim: 3,
    optimizer: { kind: 'sgd', learningRate: 0.25 },
    initializer: { kind: 'uniform', low: -1, high: 1 },
  },
  {
    name: 'd',
    dim: 4,
    optimizer: { kind: 'momentum', learningRate: 0.5, momentum: 0.75 },
    initializer: { kind: 'zero' },
  },
  {
    name: 'e',
    dim: 4096,
    optimizer: { kind: 'adagrad', learningRate: 0.5, initialAccumulator: 0.125 },
    initializer: { kind: 'normal', mean: 0, standardDeviation: 0.25 },
    gradientClip: 1.5,
    updateNormMax: 8,
  },
  {
    name: 'f',
    dim: 6,
    optimizer: { kind: 'adam', learningRate: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 0.125 },
    initializer: { kind: 'zero' },
  },
  {
    name: 'g',
    dim: 7,
    optimizer: { kind: 'ftrl', learningRate: 0.5, ftrlBeta: 1, l1: 2, l2: 3 },
    initializer: { kind: 'zero' },
  },
];

const overTheWire = (definition: TableDefinition, uid = 'u', seed = 1): TableMessage =>
  TableMessage.decode(TableMessage.encode(encodeSpec(definition, uid, seed)).finish());

describe('table definitions', () => {
  it.each(DEFINITIONS)('come back as they were sent: $optimizer.kind', (definition) => {
    const seed = 2 ** 53 - 1;
    expect(decodeSpec(overTheWire(definition, 'u', seed))).toEqual({
      ...definition,
      name: qualifiedName(definition.name),
      uid: 'u',
      seed,
    });
  });

  it('are equal whatever uid and seed, and after rounding to f32 on the wire', () => {
    const definition: TableDefinition = { name: 'x', dim: 1, optimizer: { kind: 'adam', learningRate: 0.1 } };
    expect(differences(overTheWire(definition, 'one', 1), encodeSpec(definition, 'two', 2))).toEqual([]);
  });

  it.each<[string, Partial<TableDefinition>]>([
    ['1.5', { dim: 1.5 }],
    ['-1', { dim: -1 }],
    ['1e+39', { optimizer: { kind: 'sgd', learningRate: 1e39 } }],
    ['-1e+39', { initializer: { kind: 'constant', value: -1e39 } }],
  ])('with a number that the wire cannot carry are refused: %s', (value, part) => {
    const definition: TableDefinition = { name: 'x', dim: 1, optimizer: { kind: 'sum' }, ...part };
    expect(() => encodeSpec(definition, 'u', 1)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        table: 'default/x',
        message: expect.stringContaining(value),
      }),
    );
  });

  it('name what differs', () => {
    const base: TableDefinition = { name: 'x', dim: 1, optimizer: { kind: 'sgd', learningRate: 0.1 } };
    const other: TableDefinition = {
      name: 'x',
      dim: 2,
      optimizer: { kind: 'sgd', learningRate: 0.2 },
      initializer: { kind: 'constant', value: 1 },
    };
    expect(differences(overTheWire(base), encodeSpec(other, 'u', 1))).toEqual([
      'dim',
      'optimizer.learningRate',
      'initializer.kind',
      'initializer.value',
    ]);
  });
});

describe('table names', () => {
  it('stand in the namespace default unless they name one', () => {
    expect([qualifiedName('doc'), qualifiedName('shop/doc')]).toEqual(['default/doc', 'shop/doc']);
  });

  it.each(['', '/', 'a/', '/a', 'a/b/c', 'a b', 'ä'])("refuse '%s'", (name) => {
    expect(() => qualifiedName(name)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
