// What the shards counted against what the traffic says. Pure.
import type { Verdict } from '../check-samples.ts';
import { COUNTS_TABLE } from './counting-model.ts';
import type { Counts } from './traffic.ts';

/** @param rows [samples, positives] of each key of `expected`, in its order */
export function checkCounts(expected: Counts, rows: Float32Array): Verdict & { readonly wrong: string[] } {
  let lost = 0;
  let doubled = 0;
  const wrong: string[] = [];
  [...expected].forEach(([key, { samples, positives }], i) => {
    const found = [rows[2 * i]!, rows[2 * i + 1]!];
    const more = [found[0]! - samples, found[1]! - positives];
    for (const difference of more) {
      if (difference > 0) doubled += difference;
      else lost -= difference;
    }
    if (more.some((difference) => difference !== 0)) {
      wrong.push(`key ${key} of ${COUNTS_TABLE}: [${found}] instead of [${samples},${positives}]`);
    }
  });
  return { lost, doubled, wrong };
}
