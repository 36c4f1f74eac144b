// How well one list was ranked. Documents of equal score count as in every order of them alike, by expectation
// (McSherry and Najork 2008): a list that was not ranked at all must not profit from the order it arrived in.

export const NDCG_RANKS = 10;

export interface ListQuality {
  /** Null without a positive or without a negative. */
  readonly auc: number | null;
  /** 1 / rank of the first positive; null without one. */
  readonly reciprocalRank: number | null;
  /** Normalised discounted cumulative gain of the first 10; null without a positive. */
  readonly ndcg: number | null;
}

/** @param targets parallel to scores; above 0: positive. */
export function rankList(scores: ArrayLike<number>, targets: ArrayLike<number>): ListQuality {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  let positives = 0;
  let negatives = 0;
  let pairsWon = 0;
  let gain = 0;
  let reciprocalRank: number | null = null;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let tiedPositives = 0;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) {
      if (targets[order[end]!]! > 0) tiedPositives++;
      end++;
    }
    const tied = end - start;
    const tiedNegatives = tied - tiedPositives;
    pairsWon += tiedNegatives * (positives + tiedPositives / 2);
    if (tiedPositives > 0) {
      reciprocalRank ??= expectedReciprocalRank(start, tied, tiedPositives);
      gain += (tiedPositives / tied) * discounts(start, end);
    }
    positives += tiedPositives;
    negatives += tiedNegatives;
    start = end;
  }
  return {
    auc: positives > 0 && negatives > 0 ? pairsWon / (positives * negatives) : null,
    reciprocalRank,
    ndcg: positives > 0 ? gain / discounts(0, positives) : null,
  };
}

/** Of the first of `positives` among `tied` documents in random order behind `before` others. */
function expectedReciprocalRank(before: number, tied: number, positives: number): number {
  let expected = 0;
  let noneYet = 1;
  for (let i = 0; i <= tied - positives; i++) {
    const hit = positives / (tied - i);
    expected += (noneYet * hit) / (before + i + 1);
    noneYet *= 1 - hit;
  }
  return expected;
}

/** Sum of 1 / log2(1 + rank) over the places from `start` to `end`, as far as they are within the first 10. */
function discounts(start: number, end: number): number {
  let sum = 0;
  for (let place = start; place < Math.min(end, NDCG_RANKS); place++) sum += 1 / Math.log2(place + 2);
  return sum;
}
