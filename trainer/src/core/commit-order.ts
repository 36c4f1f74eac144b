// Which offsets may be committed: windows are learned in order, but their pushes may be acknowledged in another.
// Positions are safe once every window up to theirs is acknowledged.
import type { PartitionPosition } from './partition-merge.ts';

export class CommitOrder {
  /** Acknowledged out of order, by ticket. */
  readonly #early = new Map<number, readonly PartitionPosition[]>();
  #issued = 0;
  #settled = 0;

  /** Windows closed and not yet safe. */
  get open(): number {
    return this.#issued - this.#settled;
  }

  /** A ticket for the next window in order. */
  issue(): number {
    return this.#issued++;
  }

  /** The window of this ticket is acknowledged. Returns the newest positions that are safe now, if any became so. */
  settle(ticket: number, positions: readonly PartitionPosition[]): readonly PartitionPosition[] | undefined {
    this.#early.set(ticket, positions);
    let safe: readonly PartitionPosition[] | undefined;
    for (;;) {
      const next = this.#early.get(this.#settled);
      if (next === undefined) return safe;
      this.#early.delete(this.#settled++);
      safe = next;
    }
  }
}
