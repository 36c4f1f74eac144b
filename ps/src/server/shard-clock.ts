// The shard's clock: the wall clock of its start, carried on by the monotonic one. So a wall clock that jumps while the
// shard runs neither lets rows expire early nor keeps them, and no record has a lower clock than one before it.

export class ShardClock {
  readonly #startMs: number;

  /** @param highestMs the highest that a record of the folder carries; the clock goes on above it. */
  constructor(highestMs: number) {
    this.#startMs = Math.max(Date.now(), highestMs) - performance.now();
  }

  /** Unix ms, whole. */
  now(): number {
    return Math.floor(this.#startMs + performance.now());
  }
}
