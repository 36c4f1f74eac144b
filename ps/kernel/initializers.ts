// A key's weights before its first update, as ps/src/kernel/initializers.ts computes them, to the bit.
import { fmix64, mix32 } from './hash';
import { dim } from './slab';

/** Kinds as the host numbers them. */
const CONSTANT: u32 = 0;
const UNIFORM: u32 = 1;

const GOLDEN: u32 = 0x9e3779b9;
const NORMAL_DRAWS: u32 = 6;

let kind: u32 = CONSTANT;
let a: f32 = 0;
let b: f32 = 0;
let c: f32 = 0;
let seed: u64 = 0;

/**
 * @param mixedSeed hash of the table's seed.
 * @param p constant: the value; uniform: low; normal: mean.
 * @param q uniform: high - low; normal: standard deviation.
 * @param r uniform: the greatest number below high.
 */
export function chooseInitializer(chosen: u32, mixedSeed: u64, p: f32, q: f32, r: f32): void {
  kind = chosen;
  seed = mixedSeed;
  a = p;
  b = q;
  c = r;
}

export function initialize(key: u64, out: u32): void {
  if (kind == CONSTANT) {
    for (let i: u32 = 0; i < dim; i++) store<f32>(out + (i << 2), a);
    return;
  }
  const row = fmix64(key ^ seed);
  const low = <u32>row;
  const high = <u32>(row >> 32);
  for (let i: u32 = 0; i < dim; i++) {
    store<f32>(out + (i << 2), kind == UNIFORM ? uniform(low, high, i) : normal(low, high, i));
  }
}

function uniform(low: u32, high: u32, i: u32): f32 {
  const u = <f32>(draw(low, high, i) >> 8) * <f32>(1.0 / 16_777_216.0);
  return min(a + b * u, c);
}

/** The sum is exact in f32: a whole number below 2^20. */
function normal(low: u32, high: u32, i: u32): f32 {
  let sum: i32 = NORMAL_DRAWS - (NORMAL_DRAWS << 16);
  for (let j: u32 = 0; j < NORMAL_DRAWS; j++) {
    const word = draw(low, high, i * NORMAL_DRAWS + j);
    sum += (word & 0xffff) + (word >> 16);
  }
  return a + b * (<f32>sum * <f32>(1.0 / 65_536.0));
}

function draw(low: u32, high: u32, number: u32): u32 {
  return mix32(mix32(low + number * GOLDEN) ^ high);
}
