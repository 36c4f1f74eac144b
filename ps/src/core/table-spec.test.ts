import type { WeirError } from '@weir/proto';
import { AdmissionKind, InitializerKind, OptimizerKind, TableSpec } from '@weir/proto/v1/tables';
import { describe, expect, it } from 'vitest';
import { qualifiedTableName, sameDefinition, validateTableSpec } from './table-spec.ts';

const NO_OPTIMIZER = {
  kind: OptimizerKind.UNSPECIFIED as OptimizerKind,
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
const NO_INITIALIZER = {
  kind: InitializerKind.ZERO as InitializerKind,
  value: 0,
  low: 0,
  high: 0,
  mean: 0,
  standardDeviation: 0,
};
const SGD = { kind: OptimizerKind.SGD, learningRate: 0.1 };
const MOMENTUM = { kind: OptimizerKind.MOMENTUM, learningRate: 0.1, momentum: 0.9 };
const ADAGRAD = { kind: OptimizerKind.ADAGRAD, learningRate: 0.1, initialAccumulator: 0.01 };
const ADAM = { kind: OptimizerKind.ADAM, learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const FTRL = { kind: OptimizerKind.FTRL, learningRate: 0.1, ftrlBeta: 1, l1: 0.5, l2: 0 };

type Changes = Omit<Partial<TableSpec>, 'optimizer' | 'initializer'> & {
  optimizer?: Partial<typeof NO_OPTIMIZER>;
  initializer?: Partial<typeof NO_INITIALIZER>;
};

function specOf({ optimizer = SGD, initializer = {}, ...rest }: Changes = {}): TableSpec {
  return {
    name: 'default/doc',
    uid: 'c9a0d3a0-0000-4000-8000-000000000001',
    seed: 7,
    dim: 16,
    gradientClip: 0,
    updateNormMax: 0,
    admission: undefined,
    ttlMs: 0,
    rowsMax: 0,
    memoryRowsMax: 0,
    ...rest,
    optimizer: { ...NO_OPTIMIZER, ...optimizer },
    initializer: { ...NO_INITIALIZER, ...initializer },
  };
}

/** The message with which a definition is refused. */
function refusalOf(changes: Changes, code = 'INVALID_ARGUMENT'): string {
  try {
    validateTableSpec(specOf(changes));
  } catch (error) {
    expect(error).toMatchObject({ code, table: qualifiedTableName(changes.name ?? 'default/doc') });
    return (error as WeirError).message;
  }
  throw new Error(`${JSON.stringify(changes)} was taken`);
}

describe('validateTableSpec', () => {
  it.each([
    ['assign', { kind: OptimizerKind.ASSIGN }],
    ['sum', { kind: OptimizerKind.SUM }],
    ['sgd', SGD],
    ['momentum', MOMENTUM],
    ['adagrad', ADAGRAD],
    ['adam', ADAM],
    ['ftrl', FTRL],
  ])('takes %s', (_, optimizer) => {
    expect(validateTableSpec(specOf({ optimizer })).optimizer?.kind).toBe(optimizer.kind);
  });

  it('puts the name in the namespace `default` unless it has one', () => {
    expect(validateTableSpec(specOf({ name: 'doc' })).name).toBe('default/doc');
    expect(validateTableSpec(specOf({ name: 'shop/doc' })).name).toBe('shop/doc');
  });

  it('returns what a log record gives back bit for bit', () => {
    const valid = validateTableSpec(
      specOf({
        optimizer: { ...ADAM, l1: 3 },
        gradientClip: 0.3,
        initializer: { kind: InitializerKind.CONSTANT, value: -0 },
      }),
    );
    expect(TableSpec.decode(TableSpec.encode(valid).finish())).toStrictEqual(valid);
    expect(valid.optimizer).toMatchObject({ learningRate: Math.fround(0.1), l1: 0 });
    expect(validateTableSpec(valid)).toStrictEqual(valid);
  });

  it('says nothing of an admission that admits every key, and takes the others as they are', () => {
    const admitted = (admission: TableSpec['admission']) =>
      validateTableSpec(specOf({ admission })).admission;
    expect(admitted({ kind: AdmissionKind.ALWAYS, count: 3, probability: 1 })).toBeUndefined();
    const count = { kind: AdmissionKind.COUNT, count: 255, probability: 0 };
    expect(admitted({ ...count, probability: 0.5 })).toEqual(count);
    const chance = { kind: AdmissionKind.PROBABILITY, count: 0, probability: 1 };
    expect(admitted({ ...chance, count: 7 })).toEqual(chance);
  });

  it.each<[string, Changes]>([
    ['admission.kind', { admission: { kind: AdmissionKind.UNSPECIFIED, count: 2, probability: 0 } }],
    ['admission.count', { admission: { kind: AdmissionKind.COUNT, count: 0, probability: 0 } }],
    ['admission.count', { admission: { kind: AdmissionKind.COUNT, count: 256, probability: 0 } }],
    ['admission.probability', { admission: { kind: AdmissionKind.PROBABILITY, count: 0, probability: 0 } }],
    ['admission.probability', { admission: { kind: AdmissionKind.PROBABILITY, count: 0, probability: 1.1 } }],
    ['ttlMs', { ttlMs: 0.5 }],
    ['rowsMax', { rowsMax: -1 }],
    ['memoryRowsMax goes with neither', { rowsMax: 10, memoryRowsMax: 5 }],
    [
      'memoryRowsMax goes with neither',
      { memoryRowsMax: 5, admission: { kind: 2, count: 2, probability: 0 } },
    ],
  ])('refuses a bad %s', (field, changes) => {
    expect(() => validateTableSpec(specOf(changes))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(field) }),
    );
  });

  it('starts from zero where no initializer is given', () => {
    expect(validateTableSpec({ ...specOf(), initializer: undefined }).initializer?.kind).toBe(
      InitializerKind.ZERO,
    );
  });

  it('refuses names that are not NAME or NAMESPACE/NAME', () => {
    for (const name of ['', 'a/b/c', '/a', 'a/', 'a b', 'ä', `a/${'b'.repeat(199)}`]) {
      expect(refusalOf({ name })).toContain('name must be');
    }
  });

  it('refuses identities and sizes out of range', () => {
    for (const uid of ['', 'a b', 'x'.repeat(65)]) expect(refusalOf({ uid })).toContain('uid must be');
    for (const seed of [-1, 0.5, 2 ** 53]) expect(refusalOf({ seed })).toContain('seed must be');
    for (const dim of [0, 4097, 1.5, Number.NaN]) expect(refusalOf({ dim })).toContain('dim must be');
    expect(validateTableSpec(specOf({ dim: 4096, seed: 2 ** 53 - 1 })).dim).toBe(4096);
  });

  it('refuses optimizer parameters out of range, by name', () => {
    const refused: [Partial<typeof NO_OPTIMIZER>, string][] = [
      [{ ...SGD, learningRate: 0 }, 'learningRate'],
      [{ ...SGD, learningRate: -1 }, 'learningRate'],
      [{ ...SGD, learningRate: Number.NaN }, 'learningRate'],
      [{ ...SGD, learningRate: 1e-60 }, 'learningRate'],
      [{ ...SGD, learningRate: 1e39 }, 'learningRate'],
      [{ ...MOMENTUM, learningRate: 0 }, 'learningRate'],
      [{ ...MOMENTUM, momentum: 1 }, 'momentum'],
      [{ ...MOMENTUM, momentum: -0.1 }, 'momentum'],
      [{ ...ADAGRAD, initialAccumulator: 0 }, 'initialAccumulator'],
      [{ ...ADAM, beta1: 1 }, 'beta1'],
      [{ ...ADAM, beta2: 0 }, 'beta2'],
      [{ ...ADAM, beta2: 0.999999999 }, 'beta2'],
      [{ ...ADAM, epsilon: 0 }, 'epsilon'],
      [{ ...FTRL, ftrlBeta: 0 }, 'ftrlBeta'],
      [{ ...FTRL, l1: -1 }, 'l1'],
      [{ ...FTRL, l2: Infinity }, 'l2'],
    ];
    for (const [optimizer, field] of refused) {
      expect(refusalOf({ optimizer })).toContain(`optimizer.${field} must be`);
    }
    expect(refusalOf({ gradientClip: -1 })).toContain('gradientClip');
    expect(refusalOf({ updateNormMax: Number.NaN })).toContain('updateNormMax');
    expect(refusalOf({ optimizer: { kind: OptimizerKind.UNSPECIFIED } })).toContain('optimizer.kind');
    expect(refusalOf({ optimizer: { kind: 99 as OptimizerKind } })).toContain('optimizer.kind');
  });

  it('refuses initializers out of range, by name', () => {
    const { UNIFORM, NORMAL, CONSTANT } = InitializerKind;
    expect(refusalOf({ initializer: { kind: CONSTANT, value: Infinity } })).toContain('initializer.value');
    expect(refusalOf({ initializer: { kind: UNIFORM, low: 1, high: 1 } })).toContain('initializer.low');
    expect(refusalOf({ initializer: { kind: UNIFORM, low: -3e38, high: 3e38 } })).toContain(
      'initializer.low',
    );
    expect(refusalOf({ initializer: { kind: NORMAL, standardDeviation: 0 } })).toContain('standardDeviation');
    expect(refusalOf({ initializer: { kind: NORMAL, mean: 3e38, standardDeviation: 1e38 } })).toContain(
      'range of f32',
    );
    expect(refusalOf({ initializer: { kind: 9 as InitializerKind } })).toContain('initializer.kind');
  });

  it('refuses what contradicts the optimizer', () => {
    expect(
      refusalOf({ optimizer: FTRL, initializer: { kind: InitializerKind.CONSTANT, value: 1 } }),
    ).toContain('ftrl needs the zero initializer');
    expect(refusalOf({ optimizer: FTRL, updateNormMax: 1 })).toContain('ftrl takes no updateNormMax');
    expect(refusalOf({ optimizer: { kind: OptimizerKind.ASSIGN }, gradientClip: 1 })).toContain(
      'assign takes neither',
    );
  });
});

describe('sameDefinition', () => {
  const a = validateTableSpec(specOf({ optimizer: ADAGRAD }));

  it('overlooks uid and seed, which each creator draws anew, and what the optimizer does not use', () => {
    const b = validateTableSpec(specOf({ optimizer: { ...ADAGRAD, beta1: 0.5 }, uid: 'other', seed: 8 }));
    expect(sameDefinition(a, b)).toBe(true);
  });

  it('sees every other difference', () => {
    for (const changes of [
      { name: 'default/other' },
      { dim: 8 },
      { optimizer: { ...ADAGRAD, learningRate: 0.2 } },
      { gradientClip: 1 },
      { initializer: { kind: InitializerKind.CONSTANT, value: 1 } },
    ]) {
      expect(sameDefinition(a, validateTableSpec(specOf({ optimizer: ADAGRAD, ...changes })))).toBe(false);
    }
  });
});
