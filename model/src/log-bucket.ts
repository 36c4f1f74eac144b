// Numbers on a logarithmic scale. Only multiplications and comparisons, so that every machine agrees.

/** Powers of the base up to the largest finite number, from the first. */
export function bucketBounds(base: number): Float64Array {
  const bounds: number[] = [];
  for (let bound = base; Number.isFinite(bound); bound *= base) bounds.push(bound);
  return Float64Array.from(bounds);
}

/** sign(x) * floor(log_base(1 + |x|)): how many bounds 1 + |x| reaches. */
export function logBucket(x: number, bounds: Float64Array): number {
  const magnitude = 1 + Math.abs(x);
  let below = 0;
  let above = bounds.length;
  while (below < above) {
    const middle = (below + above) >>> 1;
    if (bounds[middle]! <= magnitude) below = middle + 1;
    else above = middle;
  }
  return x < 0 && below > 0 ? -below : below;
}
