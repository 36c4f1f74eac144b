// The A/B experiment `model`: who is answered by the model that learns, and who by its frozen copy. Whose turn it is follows
// from a salted hash of the user, so a user stays in one arm, and layers with other salts divide users independently. Pure.
import { xxHash64 } from '@weir/proto';

export const LAYER = 'model';

export type Arm = 'online' | 'frozen';

/** Shares are told apart to a hundredth of a percent. */
const BUCKETS = 10_000n;

export class Experiment {
  readonly #frozenBuckets: number;

  /** @param frozenPercent 0 to 100 */
  constructor(frozenPercent: number) {
    this.#frozenBuckets = Math.round((frozenPercent / 100) * Number(BUCKETS));
  }

  /** @param unit the user, or for a request without one its serving id. */
  armOf(unit: string): Arm {
    return Number(xxHash64(`${LAYER}/${unit}`) % BUCKETS) < this.#frozenBuckets ? 'frozen' : 'online';
  }
}
