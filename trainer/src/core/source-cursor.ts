// The ranges of a source that windows cover: each goes on where the last one ended, partition by partition, so that
// nothing of a partition is left out or stands in two, whatever is in it.
import type { PartitionPosition } from './partition-merge.ts';

/** Offsets [from, to) of one partition. */
export interface OffsetRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export class SourceCursor {
  readonly #next: Map<number, number>;

  /** @param start by partition the first offset that is in no window yet. */
  constructor(start: Iterable<readonly [number, number]>) {
    this.#next = new Map(start);
  }

  /** What a window covers that ends at these positions; partitions that did not move are left out. */
  advance(positions: readonly PartitionPosition[]): OffsetRange[] {
    const ranges: OffsetRange[] = [];
    for (const { partition, offset: to } of positions) {
      const from = this.#at(partition);
      if (to < from) throw new Error(`partition ${partition} goes from offset ${from} back to ${to}`);
      if (to > from) ranges.push({ partition, from, to });
      this.#next.set(partition, to);
    }
    return ranges;
  }

  hasMoved(positions: readonly PartitionPosition[]): boolean {
    return positions.some(({ partition, offset }) => offset > this.#at(partition));
  }

  /** The same times at the offsets up to which windows reach. */
  clamp(positions: readonly PartitionPosition[]): PartitionPosition[] {
    return positions.map(({ partition, timeMs }) => ({ partition, offset: this.#at(partition), timeMs }));
  }

  #at(partition: number): number {
    const next = this.#next.get(partition);
    if (next === undefined) throw new Error(`partition ${partition} is not this trainer's`);
    return next;
  }
}
