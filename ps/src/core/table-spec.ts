// What a table's definition must be, and its normal form: qualified name, every number an f32, what the optimizer
// and initializer do not use set to 0, no admission where every key is admitted. Definitions are validated once, before
// they are logged; everything behind relies on it.
import { DIM_MAX, TABLE_NAME_LENGTH_MAX, WeirError } from '@weir/proto';
import {
  type Admission,
  AdmissionKind,
  Initializer,
  InitializerKind,
  Optimizer,
  OptimizerKind,
  TableSpec,
} from '@weir/proto/v1/tables';
import { SKETCH_COUNT_MAX } from './count-sketch.ts';
import { UID_LENGTH_MAX } from './limits.ts';

const NAME = /^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/;
const UID = /^[A-Za-z0-9-]+$/;
const FLOAT_MAX = (2 - 2 ** -23) * 2 ** 127;
/** The normal initializer, a sum of 12 uniforms, stays within this many standard deviations. */
const NORMAL_REACH = 6;

const NO_OPTIMIZER = Optimizer.decode(new Uint8Array(0));
const NO_INITIALIZER = Initializer.decode(new Uint8Array(0));

type Refuse = (reason: string) => never;
/** Returns the field's number as f32, or refuses. */
type NumberCheck = (refuse: Refuse, field: string, value: number) => number;

const finite = numberCheck('finite', () => true);
const positive = numberCheck('above 0', (value) => value > 0);
const notNegative = numberCheck('0 or more', (value) => value >= 0);
const belowOne = numberCheck('0 or more and below 1', (value) => value >= 0 && value < 1);
const fraction = numberCheck('above 0 and below 1', (value) => value > 0 && value < 1);

/** `doc` is `default/doc`. */
export function qualifiedTableName(name: string): string {
  return name.includes('/') ? name : `default/${name}`;
}

/**
 * Checks a definition and returns it in normal form.
 * @throws WeirError INVALID_ARGUMENT naming the field.
 */
export function validateTableSpec(spec: TableSpec): TableSpec {
  const name = qualifiedTableName(spec.name);
  const refuse: Refuse = (reason) => {
    throw new WeirError('INVALID_ARGUMENT', `table ${name}: ${reason}`, { table: name });
  };
  if (name.length > TABLE_NAME_LENGTH_MAX || !NAME.test(name)) {
    refuse(
      `name must be NAME or NAMESPACE/NAME of letters, digits, "_", "." and "-", at most ${TABLE_NAME_LENGTH_MAX} characters`,
    );
  }
  if (spec.uid.length > UID_LENGTH_MAX || !UID.test(spec.uid)) {
    refuse(`uid must be of letters, digits and "-" (a UUID), at most ${UID_LENGTH_MAX} characters`);
  }
  if (!Number.isSafeInteger(spec.seed) || spec.seed < 0) {
    refuse('seed must be a whole number from 0 to 2^53 - 1');
  }
  if (!Number.isInteger(spec.dim) || spec.dim < 1 || spec.dim > DIM_MAX) {
    refuse(`dim must be a whole number from 1 to ${DIM_MAX}, not ${spec.dim}`);
  }
  const optimizer = normalOptimizer(spec.optimizer ?? NO_OPTIMIZER, refuse);
  const initializer = normalInitializer(spec.initializer ?? NO_INITIALIZER, refuse);
  const gradientClip = notNegative(refuse, 'gradientClip', spec.gradientClip);
  const updateNormMax = notNegative(refuse, 'updateNormMax', spec.updateNormMax);
  if (optimizer.kind === OptimizerKind.FTRL && initializer.kind !== InitializerKind.ZERO) {
    refuse('ftrl needs the zero initializer: its weights follow from its state');
  }
  if (optimizer.kind === OptimizerKind.FTRL && updateNormMax > 0) {
    refuse('ftrl takes no updateNormMax: its weights follow from its state');
  }
  if (optimizer.kind === OptimizerKind.ASSIGN && (gradientClip > 0 || updateNormMax > 0)) {
    refuse('assign takes neither gradientClip nor updateNormMax: it is pushed values, not gradients');
  }
  for (const field of ['ttlMs', 'rowsMax', 'memoryRowsMax'] as const) {
    const value = spec[field];
    if (!Number.isSafeInteger(value) || value < 0)
      refuse(`${field} must be a whole number of 0 or more, not ${value}`);
  }
  const { uid, seed, dim, ttlMs, rowsMax, memoryRowsMax } = spec;
  const admission = normalAdmission(spec.admission, refuse);
  if (memoryRowsMax > 0 && (rowsMax > 0 || admission !== undefined)) {
    refuse('memoryRowsMax goes with neither rowsMax nor admission: those look at rows in memory only');
  }
  const bounds = { admission, ttlMs, rowsMax, memoryRowsMax };
  return { name, uid, seed, dim, optimizer, initializer, gradientClip, updateNormMax, ...bounds };
}

/** Whether two validated definitions say the same, but for uid and seed (drawn anew by each creator). */
export function sameDefinition(a: TableSpec, b: TableSpec): boolean {
  const definition = (spec: TableSpec) => TableSpec.encode({ ...spec, uid: '', seed: 0 }).finish();
  return Buffer.compare(definition(a), definition(b)) === 0;
}

function normalOptimizer(given: Optimizer, refuse: Refuse): Optimizer {
  const learningRate = () => positive(refuse, 'optimizer.learningRate', given.learningRate);
  switch (given.kind) {
    case OptimizerKind.ASSIGN:
    case OptimizerKind.SUM:
      return { ...NO_OPTIMIZER, kind: given.kind };
    case OptimizerKind.SGD:
      return { ...NO_OPTIMIZER, kind: given.kind, learningRate: learningRate() };
    case OptimizerKind.MOMENTUM:
      return {
        ...NO_OPTIMIZER,
        kind: given.kind,
        learningRate: learningRate(),
        momentum: belowOne(refuse, 'optimizer.momentum', given.momentum),
      };
    case OptimizerKind.ADAGRAD:
      return {
        ...NO_OPTIMIZER,
        kind: given.kind,
        learningRate: learningRate(),
        // Above 0, since the first update divides by its root when the gradient is 0.
        initialAccumulator: positive(refuse, 'optimizer.initialAccumulator', given.initialAccumulator),
      };
    case OptimizerKind.ADAM:
      return {
        ...NO_OPTIMIZER,
        kind: given.kind,
        learningRate: learningRate(),
        beta1: belowOne(refuse, 'optimizer.beta1', given.beta1),
        beta2: fraction(refuse, 'optimizer.beta2', given.beta2),
        epsilon: positive(refuse, 'optimizer.epsilon', given.epsilon),
      };
    case OptimizerKind.FTRL:
      return {
        ...NO_OPTIMIZER,
        kind: given.kind,
        learningRate: learningRate(),
        ftrlBeta: positive(refuse, 'optimizer.ftrlBeta', given.ftrlBeta),
        l1: notNegative(refuse, 'optimizer.l1', given.l1),
        l2: notNegative(refuse, 'optimizer.l2', given.l2),
      };
    default:
      return refuse('optimizer.kind must be one of assign, sum, sgd, momentum, adagrad, adam, ftrl');
  }
}

function normalInitializer(given: Initializer, refuse: Refuse): Initializer {
  switch (given.kind) {
    case InitializerKind.UNSPECIFIED:
    case InitializerKind.ZERO:
      return { ...NO_INITIALIZER, kind: InitializerKind.ZERO };
    case InitializerKind.CONSTANT:
      return {
        ...NO_INITIALIZER,
        kind: given.kind,
        value: finite(refuse, 'initializer.value', given.value),
      };
    case InitializerKind.UNIFORM: {
      const low = finite(refuse, 'initializer.low', given.low);
      const high = finite(refuse, 'initializer.high', given.high);
      if (!(low < high && high - low <= FLOAT_MAX)) {
        refuse(`initializer.low must be below initializer.high as f32, not ${given.low} and ${given.high}`);
      }
      return { ...NO_INITIALIZER, kind: given.kind, low, high };
    }
    case InitializerKind.NORMAL: {
      const mean = finite(refuse, 'initializer.mean', given.mean);
      const standardDeviation = positive(refuse, 'initializer.standardDeviation', given.standardDeviation);
      if (Math.abs(mean) + NORMAL_REACH * standardDeviation > FLOAT_MAX) {
        refuse('initializer.mean and initializer.standardDeviation exceed the range of f32');
      }
      return { ...NO_INITIALIZER, kind: given.kind, mean, standardDeviation };
    }
    default:
      return refuse('initializer.kind must be one of zero, constant, uniform, normal');
  }
}

/** Absent when every key is admitted. */
function normalAdmission(given: Admission | undefined, refuse: Refuse): Admission | undefined {
  switch (given?.kind) {
    case undefined:
    case AdmissionKind.ALWAYS:
      return undefined;
    case AdmissionKind.COUNT: {
      const { kind, count } = given;
      if (!Number.isInteger(count) || count < 1 || count > SKETCH_COUNT_MAX) {
        refuse(`admission.count must be a whole number from 1 to ${SKETCH_COUNT_MAX}, not ${count}`);
      }
      return { kind, count, probability: 0 };
    }
    case AdmissionKind.PROBABILITY: {
      const { kind, probability } = given;
      if (!(probability > 0 && probability <= 1)) {
        refuse(`admission.probability must be above 0 and at most 1, not ${probability}`);
      }
      return { kind, count: 0, probability };
    }
    default:
      return refuse('admission.kind must be one of always, count, probability');
  }
}

function numberCheck(condition: string, ok: (value: number) => boolean): NumberCheck {
  return (refuse, field, value) => {
    // Adding 0 turns -0 into 0, which the wire cannot tell apart.
    const rounded = Math.fround(value) + 0;
    if (!Number.isFinite(rounded) || !ok(rounded)) {
      refuse(`${field} must be ${condition} as f32, not ${value}`);
    }
    return rounded;
  };
}
