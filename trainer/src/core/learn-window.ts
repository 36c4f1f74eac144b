// One step of learning: every request of a window is predicted with the rows as pulled, before any of the window
// is learned; gradients are summed per key over the window (in f64, in the order of the requests). A key whose
// gradient is not finite is left out and counted: the shard would refuse the whole push for it.
import type { Forward, Model, Targets } from '@weir/model';
import { type PackedKeys, WeirError } from '@weir/proto';
import type { Learning } from './prepare-request.ts';
import type { SampleRequest } from './sample-request.ts';
import type { Window } from './window.ts';

/** What was predicted for a request, before anything of its window was learned. */
export interface Prediction {
  readonly request: SampleRequest;
  /** Undefined when no sample of it was kept. */
  readonly forward: Forward | undefined;
  readonly targets: Targets | undefined;
}

/** A request on which the model failed: its samples are not learned. */
export interface ModelFailure {
  readonly request: SampleRequest;
  readonly error: unknown;
}

export interface Update {
  /** Per table, each key once. */
  readonly parts: readonly { readonly keys: PackedKeys; readonly gradients: Float32Array }[];
  /** Of the dense weights, summed over the window; undefined for a model without, and when nothing was learned. */
  readonly dense: Float32Array | undefined;
  readonly rejectedRows: number;
  readonly failures: readonly ModelFailure[];
}

/**
 * A model that throws loses the request; one that returns something of another size is wrong throughout.
 * @param rows per table keys x dim, in the order of the window's keys
 * @param evaluate called for every request, in order
 * @param dense weights of a model with a dense part
 * @throws WeirError CONFIGURATION for a model that is wrong
 */
export function learnWindow(
  model: Model,
  window: Window,
  rows: readonly Float32Array[],
  evaluate: (prediction: Prediction) => void,
  dense?: Float32Array,
): Update {
  const dims = model.tables.map(({ dim }) => dim);
  const sums = rows.map((table) => new Float64Array(table.length));
  let denseSums: Float64Array | undefined;
  const failures: ModelFailure[] = [];
  for (const { request, learning, numbers } of window.requests) {
    const own = numbers.map((column, table) => gather(rows[table]!, column, dims[table]!));
    let computed: { forward: Forward; gradients: readonly Float32Array[] } | undefined;
    try {
      computed = learning && compute(model, learning, own, dense);
    } catch (error) {
      if (error instanceof WeirError && error.code === 'CONFIGURATION') throw error;
      failures.push({ request, error });
    }
    if (learning === undefined || computed === undefined) {
      evaluate({ request, forward: undefined, targets: undefined });
      continue;
    }
    const { forward, gradients } = computed;
    evaluate({ request, forward, targets: learning.targets });
    numbers.forEach((column, table) => {
      requireGradients(model, table, gradients[table], column.length);
      scatter(sums[table]!, gradients[table]!, column, dims[table]!);
    });
    if (dense !== undefined) denseSums = addDense(model, denseSums, gradients[dims.length], dense.length);
  }
  let rejectedRows = 0;
  const parts = sums.map((sum, table) => {
    const finite = keepFinite(window.keys[table]!, Float32Array.from(sum), dims[table]!);
    rejectedRows += (window.keys[table]!.length - finite.keys.length) / 2;
    return finite;
  });
  return { parts, dense: denseSums && Float32Array.from(denseSums), rejectedRows, failures };
}

function compute(
  model: Model,
  { examples, targets }: Learning,
  rows: readonly Float32Array[],
  dense: Float32Array | undefined,
): { forward: Forward; gradients: readonly Float32Array[] } {
  const forward = model.forward(examples, rows, dense);
  requireProbabilities(model, forward.probabilities, examples.documents);
  return { forward, gradients: model.gradients(forward, targets) };
}

/** A model of one's own may be wrong; then it is said by name instead of learned. */
function requireProbabilities(model: Model, given: readonly Float64Array[], documents: number): void {
  model.labels.forEach((label, i) => {
    const count = given[i]?.length ?? 0;
    if (count === documents) return;
    const text = `model ${model.name}: forward gave ${count} probabilities of ${label} for ${documents} documents`;
    throw new WeirError('CONFIGURATION', text);
  });
}

function requireGradients(model: Model, table: number, given: Float32Array | undefined, keys: number): void {
  const { name, dim } = model.tables[table]!;
  const count = given?.length ?? 0;
  if (count === keys * dim) return;
  const text = `model ${model.name}: gradients gave ${count} values for table ${name}, ${keys} keys of dim ${dim}`;
  throw new WeirError('CONFIGURATION', text);
}

function addDense(
  { name }: Model,
  sums: Float64Array | undefined,
  given: Float32Array | undefined,
  weights: number,
): Float64Array {
  const count = given?.length ?? 0;
  if (given === undefined || count !== weights) {
    const text = `model ${name}: gradients gave ${count} values for ${weights} dense weights, behind those of the tables`;
    throw new WeirError('CONFIGURATION', text);
  }
  if (sums === undefined) return Float64Array.from(given);
  for (let i = 0; i < count; i++) sums[i]! += given[i]!;
  return sums;
}

function gather(table: Float32Array, numbers: Uint32Array, dim: number): Float32Array {
  const rows = new Float32Array(numbers.length * dim);
  for (let i = 0; i < numbers.length; i++) {
    const from = numbers[i]! * dim;
    for (let k = 0; k < dim; k++) rows[i * dim + k] = table[from + k]!;
  }
  return rows;
}

function scatter(sums: Float64Array, gradients: Float32Array, numbers: Uint32Array, dim: number): void {
  for (let i = 0; i < numbers.length; i++) {
    const to = numbers[i]! * dim;
    for (let k = 0; k < dim; k++) sums[to + k]! += gradients[i * dim + k]!;
  }
}

/** The rows whose gradients are finite; as a rule all of them, as they are. */
function keepFinite(
  keys: PackedKeys,
  gradients: Float32Array,
  dim: number,
): { keys: PackedKeys; gradients: Float32Array } {
  if (gradients.every(Number.isFinite)) return { keys, gradients };
  const finite: number[] = [];
  for (let row = 0; row * dim < gradients.length; row++) {
    if (gradients.subarray(row * dim, (row + 1) * dim).every(Number.isFinite)) finite.push(row);
  }
  return {
    keys: Uint32Array.from(finite.flatMap((row) => [keys[2 * row]!, keys[2 * row + 1]!])),
    gradients: Float32Array.from(
      finite.flatMap((row) => [...gradients.subarray(row * dim, (row + 1) * dim)]),
    ),
  };
}
