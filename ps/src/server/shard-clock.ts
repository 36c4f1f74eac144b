// The shard's clock: the wall clock of its start, carried on by the monotonic one. So a wall clock that jumps while the
// shard runs neither lets rows expire early nor keeps them, and no record has a lower clock than one before it.

export class ShardClock {
  readonly #elapsedMs: () => number;
  readonly #startMs: number;

  /**
   * @param highestMs the highest that a record of the folder carries; the clock goes on above it.
   * @param elapsedMs a monotonic clock.
   */
  constructor(highestMs: number, elapsedMs: () => number = () => performance.now()) {
    this.#elapsedMs = elapsedMs;
    this.#startMs = Math.max(Date.now(), highestMs) - elapsedMs();
  }

  /** Unix ms, whole. */
  now(): number {
    return Math.floor(this.#startMs + this.#elapsedMs());
  }
}
