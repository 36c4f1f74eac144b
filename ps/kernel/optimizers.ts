// How a pushed row changes a stored one, as ps/src/kernel/optimizers.ts does it, to the bit: f32 operations rounded
// one by one, in the same order. See there for the sources of the algorithms and for what keeps rows finite.
//
// Each optimizer is written once, over lanes: four components at a time (`v128`), and one (`f32`, the first of four
// lanes) for what is left of a row whose dimension is no multiple of four.
import { ROW_COPY } from './memory';
import { dim, stateSlots, weightBytes } from './slab';

/** Kinds as the host numbers them. */
const ASSIGN: u32 = 0;
const SUM: u32 = 1;
const SGD: u32 = 2;
const MOMENTUM: u32 = 3;
const ADAGRAD: u32 = 4;
const ADAM: u32 = 5;
const FTRL: u32 = 6;

const STEPS_MAX: f32 = 16_777_216;

let kind: u32 = ASSIGN;
let rate: f32 = 0;
/** momentum: the factor; adam: beta1, beta2, epsilon; ftrl: beta, l1, l2. */
let p: f32 = 0;
let q: f32 = 0;
let r: f32 = 0;
let rest1: f32 = 0;
let rest2: f32 = 0;
let initialState: f32 = 0;
/** 0: none. */
let clip: f32 = 0;
let normMax: f32 = 0;
/** Adam's corrections for the row at hand. */
let correction1: f32 = 0;
let correction2: f32 = 0;

export function chooseOptimizer(
  chosen: u32,
  learningRate: f32,
  first: f32,
  second: f32,
  third: f32,
  state: f32,
  gradientClip: f32,
  updateNormMax: f32,
): void {
  kind = chosen;
  rate = learningRate;
  p = first;
  q = second;
  r = third;
  rest1 = <f32>(1.0 - <f64>first);
  rest2 = <f32>(1.0 - <f64>second);
  initialState = state;
  clip = gradientClip;
  normMax = updateNormMax;
}

/** Gives a new row its optimizer state; `at`: its first weight. */
export function fillState(at: u32): void {
  if (initialState == 0) return;
  const state = at + weightBytes;
  for (let i: u32 = 0; i < stateSlots; i++) store<f32>(state + (i << 2), initialState);
}

/** Updates the row whose first weight is at `row` by the gradient at `gradient`, which it may overwrite. */
export function updateRow(row: u32, gradient: u32): void {
  if (clip != 0) clipGradient(gradient);
  if (normMax == 0) {
    step(row, gradient);
    return;
  }
  memory.copy(ROW_COPY, row, weightBytes);
  step(row, gradient);
  cap(row);
}

function step(row: u32, gradient: u32): void {
  const whole = weightBytes & ~15;
  let i: u32 = 0;
  switch (kind) {
    case ASSIGN:
      memory.copy(row, gradient, weightBytes);
      break;
    case SUM:
      for (; i < whole; i += 16) sum<v128>(row + i, gradient + i);
      for (; i < weightBytes; i += 4) sum<f32>(row + i, gradient + i);
      break;
    case SGD:
      for (; i < whole; i += 16) sgd<v128>(row + i, gradient + i);
      for (; i < weightBytes; i += 4) sgd<f32>(row + i, gradient + i);
      break;
    case MOMENTUM:
      for (; i < whole; i += 16) momentum<v128>(row + i, gradient + i);
      for (; i < weightBytes; i += 4) momentum<f32>(row + i, gradient + i);
      break;
    case ADAGRAD:
      for (; i < whole; i += 16) adagrad<v128>(row + i, gradient + i);
      for (; i < weightBytes; i += 4) adagrad<f32>(row + i, gradient + i);
      break;
    case ADAM:
      startAdam(row + 3 * weightBytes);
      for (; i < whole; i += 16) adam<v128>(row + i, gradient + i);
      for (; i < weightBytes; i += 4) adam<f32>(row + i, gradient + i);
      break;
    case FTRL:
      for (; i < whole; i += 16) ftrl<v128>(row + i, gradient + i);
      for (; i < weightBytes; i += 4) ftrl<f32>(row + i, gradient + i);
      break;
    default:
      unreachable();
  }
}

function sum<Lanes>(w: u32, g: u32): void {
  put<Lanes>(w, bounded(f32x4.add(lanes<Lanes>(w), lanes<Lanes>(g))));
}

function sgd<Lanes>(w: u32, g: u32): void {
  put<Lanes>(w, descended(lanes<Lanes>(w), f32x4.mul(f32x4.splat(rate), lanes<Lanes>(g))));
}

function momentum<Lanes>(w: u32, g: u32): void {
  const state = w + weightBytes;
  const v = bounded(f32x4.add(f32x4.mul(f32x4.splat(p), lanes<Lanes>(state)), lanes<Lanes>(g)));
  put<Lanes>(state, v);
  put<Lanes>(w, descended(lanes<Lanes>(w), f32x4.mul(f32x4.splat(rate), v)));
}

function adagrad<Lanes>(w: u32, g: u32): void {
  const gradient = lanes<Lanes>(g);
  const state = w + weightBytes;
  const n = bounded(f32x4.add(lanes<Lanes>(state), f32x4.mul(gradient, gradient)));
  put<Lanes>(state, n);
  const change = f32x4.div(f32x4.mul(f32x4.splat(rate), gradient), f32x4.sqrt(n));
  put<Lanes>(w, descended(lanes<Lanes>(w), change));
}

/** Counts the row's step, at `steps`, and computes its corrections. */
function startAdam(steps: u32): void {
  const count = min(load<f32>(steps) + 1, STEPS_MAX);
  store<f32>(steps, count);
  correction1 = <f32>(1.0 - power(p, <u32>count));
  correction2 = <f32>(1.0 - power(q, <u32>count));
}

function adam<Lanes>(w: u32, g: u32): void {
  const gradient = lanes<Lanes>(g);
  const first = w + weightBytes;
  const second = first + weightBytes;
  const m = bounded(
    f32x4.add(f32x4.mul(f32x4.splat(p), lanes<Lanes>(first)), f32x4.mul(f32x4.splat(rest1), gradient)),
  );
  const v = bounded(
    f32x4.add(
      f32x4.mul(f32x4.splat(q), lanes<Lanes>(second)),
      f32x4.mul(f32x4.splat(rest2), f32x4.mul(gradient, gradient)),
    ),
  );
  put<Lanes>(first, m);
  put<Lanes>(second, v);
  const direction = bounded(f32x4.div(m, f32x4.splat(correction1)));
  const scale = f32x4.add(f32x4.sqrt(bounded(f32x4.div(v, f32x4.splat(correction2)))), f32x4.splat(r));
  put<Lanes>(w, descended(lanes<Lanes>(w), f32x4.div(f32x4.mul(f32x4.splat(rate), direction), scale)));
}

function ftrl<Lanes>(w: u32, g: u32): void {
  const zero = f32x4.splat(0);
  const rates = f32x4.splat(rate);
  const l1 = f32x4.splat(q);
  const gradient = lanes<Lanes>(g);
  const zs = w + weightBytes;
  const ns = zs + weightBytes;
  const before = lanes<Lanes>(ns);
  const square = bounded(f32x4.mul(gradient, gradient));
  const n = bounded(f32x4.add(before, square));
  const root = f32x4.sqrt(n);
  const sigma = v128.and(
    bounded(f32x4.div(f32x4.div(square, f32x4.add(root, f32x4.sqrt(before))), rates)),
    f32x4.ne(square, zero),
  );
  const z = bounded(f32x4.add(lanes<Lanes>(zs), f32x4.sub(gradient, f32x4.mul(sigma, lanes<Lanes>(w)))));
  put<Lanes>(ns, n);
  put<Lanes>(zs, z);
  const beyond = v128.or(
    v128.and(f32x4.sub(z, l1), f32x4.gt(z, l1)),
    v128.and(f32x4.add(z, l1), f32x4.lt(z, f32x4.neg(l1))),
  );
  const strength = bounded(f32x4.add(f32x4.div(f32x4.add(f32x4.splat(p), root), rates), f32x4.splat(r)));
  const weight = bounded(f32x4.div(f32x4.neg(beyond), strength));
  put<Lanes>(w, v128.and(weight, f32x4.ne(beyond, zero)));
}

function clipGradient(gradient: u32): void {
  for (let at = gradient; at < gradient + weightBytes; at += 4) {
    store<f32>(at, min(max(load<f32>(at), -clip), clip));
  }
}

/** In f64, in order of components, and rounded once. */
function cap(row: u32): void {
  let squares: f64 = 0;
  for (let i: u32 = 0; i < dim; i++) {
    const change = <f64>load<f32>(row + (i << 2)) - <f64>load<f32>(ROW_COPY + (i << 2));
    squares += change * change;
  }
  const norm = sqrt<f64>(squares);
  if (norm <= normMax) return;
  const scale = <f64>normMax / norm;
  for (let i: u32 = 0; i < dim; i++) {
    const before = <f64>load<f32>(ROW_COPY + (i << 2));
    const after = before + (<f64>load<f32>(row + (i << 2)) - before) * scale;
    store<f32>(row + (i << 2), <f32>after);
  }
}

function descended(weight: v128, change: v128): v128 {
  return bounded(f32x4.sub(weight, change));
}

/** What left the range of f32, put back to its end. */
function bounded(value: v128): v128 {
  return f32x4.pmin(f32x4.pmax(value, f32x4.splat(-f32.MAX_VALUE)), f32x4.splat(f32.MAX_VALUE));
}

function lanes<Lanes>(at: u32): v128 {
  return sizeof<Lanes>() == 16 ? v128.load(at) : v128.load32_zero(at);
}

function put<Lanes>(at: u32, value: v128): void {
  if (sizeof<Lanes>() == 16) v128.store(at, value);
  else v128.store32_lane(at, value, 0);
}

/** base^exponent by squaring. */
function power(base: f64, exponent: u32): f64 {
  let result: f64 = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest >>= 1) {
    if (rest & 1) result *= square;
    square *= square;
  }
  return result;
}
