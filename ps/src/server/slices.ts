// Long work in slices: pulls and acknowledgements must not wait for it.
import { setImmediate } from 'node:timers/promises';
import type { Steps } from '../core/steps.ts';
import { SLICE_MS } from '../limits.ts';

/** Give way to everything else that is ready on the event loop. */
export function giveWay(): Promise<void> {
  return setImmediate();
}

export class Slice {
  #begun = performance.now();

  /** Whether this slice has used up its time. */
  get over(): boolean {
    return performance.now() - this.#begun >= SLICE_MS;
  }

  /** Ends the slice, gives way, and begins the next one. */
  async next(): Promise<void> {
    await giveWay();
    this.#begun = performance.now();
  }
}

/** Runs the steps, and gives way between two whenever the slice is over. */
export async function runInSlices<T>(steps: Steps<T>, slice = new Slice()): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (slice.over) await slice.next();
  }
}
