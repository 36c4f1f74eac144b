// Where to go on with partitions of which not every shard, nor the operator state, holds the same. Whoever holds less than
// another is brought up first, partition by partition, in batches cut at each distinct offset: so each holder has such a
// batch or lacks it whole.

export interface HeldOffsets {
  readonly partition: number;
  /** Where a holder that knows nothing of the partition begins. */
  readonly start: number;
  /** Of each shard: everything below is applied there. */
  readonly applied: readonly number[];
  /** Everything below is in the operator state; undefined: it has none of its own. */
  readonly covered: number | undefined;
}

/** Samples of one partition, [from, to), that some holders have and all others lack. */
export interface Segment {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface RestartPlan {
  /** To be trained first, in this order. */
  readonly catchUp: readonly Segment[];
  /** By partition: where all agree after it, and ordinary windows begin. */
  readonly agreed: ReadonlyMap<number, number>;
}

export function planRestart(partitions: readonly HeldOffsets[]): RestartPlan {
  const catchUp: Segment[] = [];
  const agreed = new Map<number, number>();
  for (const { partition, start, applied, covered } of partitions) {
    const held = [...applied, ...(covered === undefined ? [] : [covered])];
    const cuts = [...new Set(held)].sort((a, b) => a - b);
    for (let i = 1; i < cuts.length; i++) catchUp.push({ partition, from: cuts[i - 1]!, to: cuts[i]! });
    agreed.set(partition, cuts.at(-1) ?? start);
  }
  return { catchUp, agreed };
}
