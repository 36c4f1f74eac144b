// How a pushed row changes a stored one. A row is dim weights, then the optimizer's state.
//
// Every operation is rounded to f32 (Math.fround of an f64 result is the f32 result for + - * / and sqrt, since f64
// has more than twice the digits). Sums and squares that leave the range of f32 stop at its ends, so that with finite
// gradients a row never holds NaN or infinity. The loops stand apart, one a kind, to be compiled for one shape each.
import { WeirError } from '@weir/proto';
import { OptimizerKind, type TableSpec } from '@weir/proto/v1/tables';

/** Updates the row whose first weight is `row[at]` by the gradient whose first component is `gradient[from]`. */
export type Update = (row: Float32Array, at: number, gradient: Float32Array, from: number) => void;

export interface RowOptimizer {
  /** f32 numbers of state a row. */
  readonly stateSlots: number;
  /** Value of every state number in a new row. */
  readonly initialState: number;
  readonly update: Update;
}

const MAX = (2 - 2 ** -23) * 2 ** 127;
/** Whole numbers up to here are exact in f32. Beyond so many steps Adam's corrections are 1 for any sensible beta. */
const STEPS_MAX = 2 ** 24;
const { fround, sqrt } = Math;

/** @throws WeirError UNIMPLEMENTED for an optimizer that is not built. */
export function createOptimizer(spec: TableSpec): RowOptimizer {
  const plain = plainOptimizer(spec);
  let update = plain.update;
  if (spec.updateNormMax > 0) update = capped(update, spec.dim, spec.updateNormMax);
  if (spec.gradientClip > 0) update = clipped(update, spec.dim, spec.gradientClip);
  return { ...plain, update };
}

function plainOptimizer({ name, dim, optimizer }: TableSpec): RowOptimizer {
  switch (optimizer?.kind) {
    case OptimizerKind.ASSIGN:
      return { stateSlots: 0, initialState: 0, update: assign(dim) };
    case OptimizerKind.SUM:
      return { stateSlots: 0, initialState: 0, update: sum(dim) };
    case OptimizerKind.SGD:
      return { stateSlots: 0, initialState: 0, update: sgd(dim, fround(optimizer.learningRate)) };
    case OptimizerKind.MOMENTUM:
      return {
        stateSlots: dim,
        initialState: 0,
        update: momentum(dim, fround(optimizer.learningRate), fround(optimizer.momentum)),
      };
    case OptimizerKind.ADAGRAD:
      return {
        stateSlots: dim,
        initialState: fround(optimizer.initialAccumulator),
        update: adagrad(dim, fround(optimizer.learningRate)),
      };
    case OptimizerKind.ADAM:
      return {
        stateSlots: 2 * dim + 1,
        initialState: 0,
        update: adam(
          dim,
          fround(optimizer.learningRate),
          fround(optimizer.beta1),
          fround(optimizer.beta2),
          fround(optimizer.epsilon),
        ),
      };
    case OptimizerKind.FTRL:
      return {
        stateSlots: 2 * dim,
        initialState: 0,
        update: ftrl(
          dim,
          fround(optimizer.learningRate),
          fround(optimizer.ftrlBeta),
          fround(optimizer.l1),
          fround(optimizer.l2),
        ),
      };
    default:
      throw new WeirError('UNIMPLEMENTED', `table ${name}: optimizer ${optimizer?.kind} is not built`, {
        table: name,
      });
  }
}

function assign(dim: number): Update {
  return (row, at, gradient, from) => {
    for (let i = 0; i < dim; i++) row[at + i] = gradient[from + i]!;
  };
}

function sum(dim: number): Update {
  return (row, at, gradient, from) => {
    for (let i = 0; i < dim; i++) row[at + i] = bounded(fround(row[at + i]! + gradient[from + i]!));
  };
}

function sgd(dim: number, rate: number): Update {
  return (row, at, gradient, from) => {
    for (let i = 0; i < dim; i++) {
      row[at + i] = bounded(fround(row[at + i]! - fround(rate * gradient[from + i]!)));
    }
  };
}

/** Polyak 1964, the heavy ball: v = factor * v + g; w -= rate * v. State: v. */
function momentum(dim: number, rate: number, factor: number): Update {
  return (row, at, gradient, from) => {
    for (let i = 0; i < dim; i++) {
      const v = bounded(fround(fround(factor * row[at + dim + i]!) + gradient[from + i]!));
      row[at + dim + i] = v;
      row[at + i] = bounded(fround(row[at + i]! - fround(rate * v)));
    }
  };
}

/** Duchi, Hazan, Singer 2011, diagonal: n += g^2; w -= rate * g / sqrt(n). State: n. */
function adagrad(dim: number, rate: number): Update {
  return (row, at, gradient, from) => {
    for (let i = 0; i < dim; i++) {
      const g = gradient[from + i]!;
      const n = bounded(fround(row[at + dim + i]! + fround(g * g)));
      row[at + dim + i] = n;
      row[at + i] = bounded(fround(row[at + i]! - fround(fround(rate * g) / fround(sqrt(n)))));
    }
  };
}

/**
 * Kingma, Ba 2015, algorithm 1. State: m, v, then the row's own number of steps, so that a row that is rarely
 * updated gets the corrections of its own age.
 */
function adam(dim: number, rate: number, beta1: number, beta2: number, epsilon: number): Update {
  const rest1 = fround(1 - beta1);
  const rest2 = fround(1 - beta2);
  return (row, at, gradient, from) => {
    const first = at + dim;
    const second = first + dim;
    const step = Math.min(row[second + dim]! + 1, STEPS_MAX);
    row[second + dim] = step;
    const correction1 = fround(1 - power(beta1, step));
    const correction2 = fround(1 - power(beta2, step));
    for (let i = 0; i < dim; i++) {
      const g = gradient[from + i]!;
      const m = bounded(fround(fround(beta1 * row[first + i]!) + fround(rest1 * g)));
      const v = bounded(fround(fround(beta2 * row[second + i]!) + fround(rest2 * fround(g * g))));
      row[first + i] = m;
      row[second + i] = v;
      const direction = bounded(fround(m / correction1));
      const scale = fround(fround(sqrt(bounded(fround(v / correction2)))) + epsilon);
      row[at + i] = bounded(fround(row[at + i]! - fround(fround(rate * direction) / scale)));
    }
  };
}

/**
 * FTRL-Proximal, per coordinate: McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches", algorithm 1,
 * alpha being the rate. State: z, n. Its sigma, (sqrt(n + g^2) - sqrt(n)) / alpha, is computed as the equal
 * g^2 / (sqrt(n + g^2) + sqrt(n)) / alpha, which loses no digits to the subtraction. Weights are kept as they follow
 * from z and n, so that pulls only read.
 */
function ftrl(dim: number, rate: number, beta: number, l1: number, l2: number): Update {
  return (row, at, gradient, from) => {
    const zs = at + dim;
    const ns = zs + dim;
    for (let i = 0; i < dim; i++) {
      const g = gradient[from + i]!;
      const before = row[ns + i]!;
      const square = bounded(fround(g * g));
      const n = bounded(fround(before + square));
      const root = fround(sqrt(n));
      const sigma =
        square === 0 ? 0 : bounded(fround(fround(square / fround(root + fround(sqrt(before)))) / rate));
      const z = bounded(fround(row[zs + i]! + fround(g - fround(sigma * row[at + i]!))));
      row[ns + i] = n;
      row[zs + i] = z;
      const beyond = z > l1 ? fround(z - l1) : z < -l1 ? fround(z + l1) : 0;
      const strength = bounded(fround(fround(fround(beta + root) / rate) + l2));
      row[at + i] = beyond === 0 ? 0 : bounded(fround(-beyond / strength));
    }
  };
}

/** Clips each component of the gradient to [-clip, clip] first. */
function clipped(update: Update, dim: number, clip: number): Update {
  const limit = fround(clip);
  const scratch = new Float32Array(dim);
  return (row, at, gradient, from) => {
    for (let i = 0; i < dim; i++) scratch[i] = Math.min(Math.max(gradient[from + i]!, -limit), limit);
    update(row, at, scratch, 0);
  };
}

/**
 * Scales what an update adds to the weights down to L2 norm `normMax`; the state changes as without a cap. In f64,
 * in order of components, and rounded once, since squares and their sum leave the range of f32.
 */
function capped(update: Update, dim: number, normMax: number): Update {
  const limit = fround(normMax);
  const before = new Float32Array(dim);
  return (row, at, gradient, from) => {
    for (let i = 0; i < dim; i++) before[i] = row[at + i]!;
    update(row, at, gradient, from);
    let squares = 0;
    for (let i = 0; i < dim; i++) {
      const change = row[at + i]! - before[i]!;
      squares += change * change;
    }
    const norm = sqrt(squares);
    if (norm <= limit) return;
    const scale = limit / norm;
    for (let i = 0; i < dim; i++) row[at + i] = before[i]! + (row[at + i]! - before[i]!) * scale;
  };
}

/** An f32 result that left the range of f32, put back to its end. */
function bounded(value: number): number {
  return Math.min(Math.max(value, -MAX), MAX);
}

/** base^exponent for whole exponents, by squaring: Math.pow may differ between engines. */
function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest >>>= 1) {
    if (rest & 1) result *= square;
    square *= square;
  }
  return result;
}
