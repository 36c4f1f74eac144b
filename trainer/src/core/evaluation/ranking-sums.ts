// Quality of lists, averaged: AUC weighted by documents (Zhu et al. 2017), reciprocal rank and NDCG over the lists
// that have a positive.
import { rankList } from './rank-list.ts';

interface MeanTotals {
  readonly sum: number;
  readonly weight: number;
}

export interface RankingTotals {
  readonly gauc: MeanTotals;
  readonly mrr: MeanTotals;
  readonly ndcg: MeanTotals;
}

class Mean {
  #sum = 0;
  #weight = 0;

  add(value: number | null, weight: number): void {
    if (value === null) return;
    this.#sum += value * weight;
    this.#weight += weight;
  }

  totals(): MeanTotals {
    return { sum: this.#sum, weight: this.#weight };
  }

  absorb({ sum, weight }: MeanTotals): void {
    this.#sum += sum;
    this.#weight += weight;
  }

  get value(): number | null {
    return this.#weight > 0 ? this.#sum / this.#weight : null;
  }
}

export class RankingSums {
  readonly #gauc = new Mean();
  readonly #mrr = new Mean();
  readonly #ndcg = new Mean();

  addList(scores: ArrayLike<number>, targets: ArrayLike<number>): void {
    const quality = rankList(scores, targets);
    this.#gauc.add(quality.auc, scores.length);
    this.#mrr.add(quality.reciprocalRank, 1);
    this.#ndcg.add(quality.ndcg, 1);
  }

  totals(): RankingTotals {
    return { gauc: this.#gauc.totals(), mrr: this.#mrr.totals(), ndcg: this.#ndcg.totals() };
  }

  absorb({ gauc, mrr, ndcg }: RankingTotals): void {
    this.#gauc.absorb(gauc);
    this.#mrr.absorb(mrr);
    this.#ndcg.absorb(ndcg);
  }

  get gauc(): number | null {
    return this.#gauc.value;
  }

  get mrr(): number | null {
    return this.#mrr.value;
  }

  get ndcg(): number | null {
    return this.#ndcg.value;
  }
}
