// Click-through of two arms, and by how much one is ahead, each with the interval that holds the truth in 95 of 100
// experiments. One click at most a visit, visits independent of each other. Pure.

export interface Visits {
  readonly visits: number;
  readonly clicks: number;
}

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Of the normal distribution, for 95 %. */
const Z = 1.96;

/**
 * Clicks a visit with the score interval. Null without visits.
 * Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
 */
export function clickThrough({ visits, clicks }: Visits): Estimate | null {
  if (visits === 0) return null;
  const value = clicks / visits;
  const square = Z * Z;
  const centre = value + square / (2 * visits);
  const reach = Z * Math.sqrt((value * (1 - value)) / visits + square / (4 * visits * visits));
  const scale = 1 + square / visits;
  return { value, low: (centre - reach) / scale, high: (centre + reach) / scale };
}

/**
 * Click-through of the first less that of the second. Null while one has no visits.
 * Source: R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17
 * (1998), method 10: made of the two score intervals.
 */
export function ahead(first: Visits, second: Visits): Estimate | null {
  const [a, b] = [clickThrough(first), clickThrough(second)];
  if (a === null || b === null) return null;
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
  };
}
