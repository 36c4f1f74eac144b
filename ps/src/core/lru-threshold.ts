// Which rows are the least recently updated ones, told from a sample of their seqs.

/**
 * A seq that about `victims` of `rows` rows have or are below: the rows to evict. Exact when the sample is all rows.
 * @param sample seqs of rows, at least one; sorted by the call.
 */
export function lruThreshold(sample: Float64Array, victims: number, rows: number): number {
  sample.sort();
  const share = Math.min(1, victims / rows);
  return sample[Math.max(0, Math.ceil(share * sample.length) - 1)]!;
}
