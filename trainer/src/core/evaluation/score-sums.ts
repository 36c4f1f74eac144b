// Log loss, normalised entropy, calibration and AUC of one stream of predictions.
import { logLoss } from '@weir/model';
import { AucHistogram, type AucSums } from './auc-histogram.ts';

export interface ScoreTotals {
  readonly samples: number;
  readonly weight: number;
  readonly loss: number;
  readonly target: number;
  readonly prediction: number;
  readonly histogram: AucSums;
}

export class ScoreSums {
  readonly #histogram = new AucHistogram();
  #samples = 0;
  #weight = 0;
  #loss = 0;
  #target = 0;
  #prediction = 0;

  add(probability: number, target: number, weight = 1): void {
    this.#histogram.add(probability, target, weight);
    this.#samples++;
    this.#weight += weight;
    this.#loss += weight * logLoss(probability, target);
    this.#target += weight * target;
    this.#prediction += weight * probability;
  }

  totals(): ScoreTotals {
    return {
      samples: this.#samples,
      weight: this.#weight,
      loss: this.#loss,
      target: this.#target,
      prediction: this.#prediction,
      histogram: this.#histogram.sums(),
    };
  }

  absorb({ samples, weight, loss, target, prediction, histogram }: ScoreTotals): void {
    this.#samples += samples;
    this.#weight += weight;
    this.#loss += loss;
    this.#target += target;
    this.#prediction += prediction;
    this.#histogram.absorb(histogram);
  }

  get samples(): number {
    return this.#samples;
  }

  /** Mean, in nats. */
  get logLoss(): number | null {
    return this.#weight > 0 ? this.#loss / this.#weight : null;
  }

  /** Log loss over that of always predicting the mean (He et al. 2014). */
  get normalisedEntropy(): number | null {
    const rate = this.#target / this.#weight;
    if (!(rate > 0 && rate < 1)) return null;
    return this.#loss / this.#weight / -(rate * Math.log(rate) + (1 - rate) * Math.log(1 - rate));
  }

  /** Predicted over observed positives. */
  get calibration(): number | null {
    return this.#target > 0 ? this.#prediction / this.#target : null;
  }

  get auc(): number | null {
    return this.#histogram.value;
  }
}
