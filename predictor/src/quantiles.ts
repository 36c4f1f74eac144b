// Quantiles of durations in bounded memory: a histogram with logarithmic buckets, 2.4 % wide.

const BUCKETS_PER_DOUBLING = 29;
const LOWEST_MS = 0.01;
const BUCKETS = 36 * BUCKETS_PER_DOUBLING;

export class DurationQuantiles {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  get count(): number {
    return this.#total;
  }

  add(durationMs: number): void {
    const bucket = Math.floor(Math.log2(Math.max(durationMs, LOWEST_MS) / LOWEST_MS) * BUCKETS_PER_DOUBLING);
    this.#counts[Math.min(bucket, BUCKETS - 1)]!++;
    this.#total++;
  }

  /** The quantile in ms (a bucket's geometric middle), or null while nothing was added. */
  quantile(q: number): number | null {
    if (this.#total === 0) return null;
    let rank = q * this.#total;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      rank -= this.#counts[bucket]!;
      if (rank <= 0 && this.#counts[bucket] !== 0) {
        return LOWEST_MS * 2 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING);
      }
    }
    return null;
  }
}
