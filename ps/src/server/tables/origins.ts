// When the behaviour behind recent pushes happened: what a delta tells its subscriber, so that freshness can be
// measured end to end. Bounded: the oldest entries fall out, and a subscriber that far behind learns a younger
// origin than the true one.
import { ORIGINS_MAX } from '../../limits.ts';

export class Origins {
  readonly #seqs = new Float64Array(ORIGINS_MAX);
  readonly #times = new Float64Array(ORIGINS_MAX);
  #count = 0;

  /** Positions come in rising order. @param originTimeMs Unix ms; 0 (unknown) is not kept. */
  add(seq: number, originTimeMs: number): void {
    if (originTimeMs === 0) return;
    const place = this.#count++ % ORIGINS_MAX;
    this.#seqs[place] = seq;
    this.#times[place] = originTimeMs;
  }

  /** The oldest origin of the pushes in (after, upTo]; 0 when none is known. */
  oldest(after: number, upTo: number): number {
    let oldest = 0;
    const last = Math.max(0, this.#count - ORIGINS_MAX);
    for (let i = this.#count - 1; i >= last; i--) {
      const seq = this.#seqs[i % ORIGINS_MAX]!;
      if (seq <= after) break;
      const time = this.#times[i % ORIGINS_MAX]!;
      if (seq <= upTo && (oldest === 0 || time < oldest)) oldest = time;
    }
    return oldest;
  }
}
