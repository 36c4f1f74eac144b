// How fast bytes leave, lately: what a client that is turned away can be told to wait. A pure function of what it is
// told; the caller brings the time.

/** Time over which the rate forgets, in ms: some log writes, yet short enough to notice a disk that stalls. */
const MEMORY_MS = 1_000;

export class DrainRate {
  /** Bytes drained, each weighted by exp(-age / MEMORY_MS). */
  #recent = 0;
  #atMs = 0;

  /** Bytes left at this time. Times never go back. */
  drained(bytes: number, nowMs: number): void {
    this.#recent = this.#decayed(nowMs) + bytes;
    this.#atMs = nowMs;
  }

  /** Bytes a second. */
  at(nowMs: number): number {
    return (this.#decayed(nowMs) / MEMORY_MS) * 1000;
  }

  #decayed(nowMs: number): number {
    return this.#recent * Math.exp((this.#atMs - nowMs) / MEMORY_MS);
  }
}
