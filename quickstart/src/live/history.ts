// Points of the past, for a page that is opened late: bounded, over the whole time, thinner the longer it lasts. Pure.
import { HISTORY_POINTS_MAX } from '../limits.ts';

export class History<Point> {
  readonly #points: Point[] = [];
  /** Every so many points one is kept. */
  #stride = 1;
  #seen = 0;

  /** Oldest first; the first one ever is always there. */
  get points(): readonly Point[] {
    return this.#points;
  }

  add(point: Point): void {
    if (this.#seen++ % this.#stride !== 0) return;
    if (this.#points.length === HISTORY_POINTS_MAX) {
      const kept = this.#points.filter((_, index) => index % 2 === 0);
      this.#points.splice(0, this.#points.length, ...kept);
      this.#stride *= 2;
      if ((this.#seen - 1) % this.#stride !== 0) return;
    }
    this.#points.push(point);
  }
}
