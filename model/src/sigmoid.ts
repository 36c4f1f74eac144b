// The logistic function and its loss, in f64.

/** 1 / (1 + exp(-x)), without overflow: exp is only taken of what is not positive. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** Log loss takes probabilities no nearer to 0 or 1 than this, so that one sample costs at most 16.1. */
export const PROBABILITY_MIN = 1e-7;

/** -(y log p + (1 - y) log(1 - p)), in nats. */
export function logLoss(probability: number, target: number): number {
  const p = Math.min(Math.max(probability, PROBABILITY_MIN), 1 - PROBABILITY_MIN);
  if (target === 1) return -Math.log(p);
  if (target === 0) return -Math.log(1 - p);
  return -(target * Math.log(p) + (1 - target) * Math.log(1 - p));
}
