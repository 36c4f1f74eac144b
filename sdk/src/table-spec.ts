// What a table is, as users write it and as the protocol carries it. Pure.
import {
  type Admission,
  type Initializer,
  type Optimizer,
  type TableDefinition,
  WeirError,
} from '@weir/proto';
import {
  AdmissionKind,
  type Admission as AdmissionMessage,
  InitializerKind,
  Initializer as InitializerMessage,
  OptimizerKind,
  Optimizer as OptimizerMessage,
  TableSpec as TableMessage,
} from '@weir/proto/v1/tables';
import { qualifiedName, requireEncodable } from './table-ref.ts';

/** A table as it stands. Numbers are f32. */
export interface TableSpec extends TableDefinition {
  /** Full name. */
  readonly name: string;
  readonly uid: string;
  readonly seed: number;
  readonly initializer: Initializer;
}

/**
 * @throws WeirError INVALID_ARGUMENT on a bad name, or a number that the wire cannot carry; all else is the shards'
 * to judge.
 */
export function encodeSpec(definition: TableDefinition, uid: string, seed: number): TableMessage {
  const name = qualifiedName(definition.name);
  const message = {
    name,
    uid,
    seed,
    dim: definition.dim,
    optimizer: encodeOptimizer(definition.optimizer),
    initializer: encodeInitializer(definition.initializer ?? { kind: 'zero' }),
    gradientClip: definition.gradientClip ?? 0,
    updateNormMax: definition.updateNormMax ?? 0,
    admission: encodeAdmission(definition.admission),
    ttlMs: definition.ttlMs ?? 0,
    rowsMax: definition.rowsMax ?? 0,
    memoryRowsMax: definition.memoryRowsMax ?? 0,
  };
  requireEncodable(() => TableMessage.encode(message), name);
  return message;
}

export function decodeSpec(message: TableMessage): TableSpec {
  return {
    name: message.name,
    uid: message.uid,
    seed: message.seed,
    dim: message.dim,
    optimizer: decodeOptimizer(message),
    initializer: decodeInitializer(message),
    ...(message.gradientClip > 0 && { gradientClip: message.gradientClip }),
    ...(message.updateNormMax > 0 && { updateNormMax: message.updateNormMax }),
    ...(message.admission !== undefined && { admission: decodeAdmission(message) }),
    ...(message.ttlMs > 0 && { ttlMs: message.ttlMs }),
    ...(message.rowsMax > 0 && { rowsMax: message.rowsMax }),
    ...(message.memoryRowsMax > 0 && { memoryRowsMax: message.memoryRowsMax }),
  };
}

const FIELDS = ['name', 'dim', 'gradientClip', 'updateNormMax', 'ttlMs', 'rowsMax', 'memoryRowsMax'] as const;

/** Names of what differs between two definitions, uid and seed apart; none: the same table. */
export function differences(a: TableMessage, b: TableMessage): string[] {
  const found: string[] = [];
  for (const field of FIELDS) {
    if (!same(a[field], b[field])) found.push(field);
  }
  for (const field of ['optimizer', 'initializer', 'admission'] as const) {
    const left: Readonly<Record<string, number>> = { ...a[field] };
    const right: Readonly<Record<string, number>> = { ...b[field] };
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      if (!same(left[name], right[name])) found.push(`${field}.${name}`);
    }
  }
  return found;
}

/** Equal once both have been on the wire, where numbers are f32. */
function same(a: string | number | undefined, b: string | number | undefined): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.fround(a) === Math.fround(b);
  return a === b;
}

const NO_OPTIMIZER = OptimizerMessage.decode(new Uint8Array(0));

function encodeOptimizer(optimizer: Optimizer): OptimizerMessage {
  const base = NO_OPTIMIZER;
  switch (optimizer.kind) {
    case 'assign':
      return { ...base, kind: OptimizerKind.ASSIGN };
    case 'sum':
      return { ...base, kind: OptimizerKind.SUM };
    case 'sgd':
      return { ...base, kind: OptimizerKind.SGD, learningRate: optimizer.learningRate };
    case 'momentum': {
      const { learningRate, momentum } = optimizer;
      return { ...base, kind: OptimizerKind.MOMENTUM, learningRate, momentum };
    }
    case 'adagrad': {
      const { learningRate, initialAccumulator = 0.1 } = optimizer;
      return { ...base, kind: OptimizerKind.ADAGRAD, learningRate, initialAccumulator };
    }
    case 'adam': {
      const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = optimizer;
      return { ...base, kind: OptimizerKind.ADAM, learningRate, beta1, beta2, epsilon };
    }
    case 'ftrl': {
      const { learningRate, ftrlBeta = 1, l1 = 0, l2 = 0 } = optimizer;
      return { ...base, kind: OptimizerKind.FTRL, learningRate, ftrlBeta, l1, l2 };
    }
  }
}

function decodeOptimizer({ name, optimizer }: TableMessage): Optimizer {
  const { learningRate, momentum, initialAccumulator, beta1, beta2, epsilon, ftrlBeta, l1, l2 } =
    optimizer ?? NO_OPTIMIZER;
  switch (optimizer?.kind) {
    case OptimizerKind.ASSIGN:
      return { kind: 'assign' };
    case OptimizerKind.SUM:
      return { kind: 'sum' };
    case OptimizerKind.SGD:
      return { kind: 'sgd', learningRate };
    case OptimizerKind.MOMENTUM:
      return { kind: 'momentum', learningRate, momentum };
    case OptimizerKind.ADAGRAD:
      return { kind: 'adagrad', learningRate, initialAccumulator };
    case OptimizerKind.ADAM:
      return { kind: 'adam', learningRate, beta1, beta2, epsilon };
    case OptimizerKind.FTRL:
      return { kind: 'ftrl', learningRate, ftrlBeta, l1, l2 };
    default:
      throw unknownKind(name, 'optimizer');
  }
}

const NO_INITIALIZER = InitializerMessage.decode(new Uint8Array(0));

function encodeInitializer(initializer: Initializer): InitializerMessage {
  switch (initializer.kind) {
    case 'zero':
      return { ...NO_INITIALIZER, kind: InitializerKind.ZERO };
    case 'constant':
      return { ...NO_INITIALIZER, kind: InitializerKind.CONSTANT, value: initializer.value };
    case 'uniform':
      return {
        ...NO_INITIALIZER,
        kind: InitializerKind.UNIFORM,
        low: initializer.low,
        high: initializer.high,
      };
    case 'normal': {
      const { mean, standardDeviation } = initializer;
      return { ...NO_INITIALIZER, kind: InitializerKind.NORMAL, mean, standardDeviation };
    }
  }
}

function decodeInitializer({ name, initializer }: TableMessage): Initializer {
  const { value, low, high, mean, standardDeviation } = initializer ?? NO_INITIALIZER;
  switch (initializer?.kind) {
    case InitializerKind.ZERO:
      return { kind: 'zero' };
    case InitializerKind.CONSTANT:
      return { kind: 'constant', value };
    case InitializerKind.UNIFORM:
      return { kind: 'uniform', low, high };
    case InitializerKind.NORMAL:
      return { kind: 'normal', mean, standardDeviation };
    default:
      throw unknownKind(name, 'initializer');
  }
}

function encodeAdmission(admission: Admission | undefined): AdmissionMessage | undefined {
  switch (admission?.kind) {
    case undefined:
    case 'always':
      return undefined;
    case 'count':
      return { kind: AdmissionKind.COUNT, count: admission.count, probability: 0 };
    case 'probability':
      return { kind: AdmissionKind.PROBABILITY, count: 0, probability: admission.probability };
  }
}

function decodeAdmission({ name, admission }: TableMessage): Admission {
  switch (admission?.kind) {
    case AdmissionKind.ALWAYS:
      return { kind: 'always' };
    case AdmissionKind.COUNT:
      return { kind: 'count', count: admission.count };
    case AdmissionKind.PROBABILITY:
      return { kind: 'probability', probability: admission.probability };
    default:
      throw unknownKind(name, 'admission');
  }
}

function unknownKind(table: string, what: string): WeirError {
  return new WeirError('UNIMPLEMENTED', `table ${table}: this client does not know its ${what}`, { table });
}
