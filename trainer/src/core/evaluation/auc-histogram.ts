// Area under the ROC curve in bounded memory: scores are counted by their log odds in bins of 1/512 between -16
// and 16, and within a bin every pair counts half. The same scores give the same figure in any order.

const BINS = 1 << 14;
const LOG_ODDS_MAX = 16;
const BINS_PER_UNIT = BINS / (2 * LOG_ODDS_MAX);

/** The bins that hold something, in order; the three lists are parallel. */
export interface AucSums {
  readonly bins: readonly number[];
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
}

export class AucHistogram {
  readonly #positives = new Float64Array(BINS);
  readonly #negatives = new Float64Array(BINS);

  /** @param target 0 to 1; in between it counts as both. */
  add(probability: number, target: number, weight: number): void {
    const logOdds = Math.log(probability / (1 - probability));
    const bin = Math.min(Math.max(Math.floor((logOdds + LOG_ODDS_MAX) * BINS_PER_UNIT), 0), BINS - 1);
    this.#positives[bin]! += target * weight;
    this.#negatives[bin]! += (1 - target) * weight;
  }

  sums(): AucSums {
    const bins: number[] = [];
    for (let bin = 0; bin < BINS; bin++) {
      if (this.#positives[bin]! > 0 || this.#negatives[bin]! > 0) bins.push(bin);
    }
    return {
      bins,
      positives: bins.map((bin) => this.#positives[bin]!),
      negatives: bins.map((bin) => this.#negatives[bin]!),
    };
  }

  absorb({ bins, positives, negatives }: AucSums): void {
    bins.forEach((bin, i) => {
      this.#positives[bin]! += positives[i]!;
      this.#negatives[bin]! += negatives[i]!;
    });
  }

  /** Null without a positive or without a negative. */
  get value(): number | null {
    let positives = 0;
    let negatives = 0;
    let won = 0;
    for (let bin = 0; bin < BINS; bin++) {
      won += this.#positives[bin]! * (negatives + this.#negatives[bin]! / 2);
      positives += this.#positives[bin]!;
      negatives += this.#negatives[bin]!;
    }
    return positives > 0 && negatives > 0 ? won / (positives * negatives) : null;
  }
}
