// Freshness: from a behaviour event to the first answer computed after the weights that it changed had arrived.
// The time that a delta carries is that of its oldest behaviour, so the figure is an upper bound.
import { DurationQuantiles } from './quantiles.ts';

/** Deltas that wait for an answer; when nobody asks, the newest are not measured. */
const WAITING_MAX = 1024;

export class Freshness {
  readonly #quantiles = new DurationQuantiles();
  readonly #onMeasured: (originTimeMs: number, nowMs: number) => void;
  #waiting: number[] = [];

  /** @param onMeasured told of each delta that an answer was the first after. */
  constructor(onMeasured: (originTimeMs: number, nowMs: number) => void) {
    this.#onMeasured = onMeasured;
  }

  /** A delta was applied; its oldest behaviour entered at `originTimeMs` (Unix ms). */
  changed(originTimeMs: number): void {
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(originTimeMs);
  }

  /** An answer was computed. */
  answered(nowMs: number): void {
    if (this.#waiting.length === 0) return;
    for (const origin of this.#waiting) {
      this.#quantiles.add(Math.max(0, nowMs - origin));
      this.#onMeasured(origin, nowMs);
    }
    this.#waiting = [];
  }

  quantile(q: number): number | null {
    return this.#quantiles.quantile(q);
  }
}
