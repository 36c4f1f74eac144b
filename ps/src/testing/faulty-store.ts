// A store whose writes a test holds up or refuses: a disk does neither on demand.
import type { Store } from '@weir/store';

export class FaultyStore {
  readonly store: Store;
  /** Set: writes fail with it. */
  failure: Error | undefined;
  writes = 0;
  /** Writes that still succeed; then all fail, as if the process had ended. */
  writesLeft = Number.POSITIVE_INFINITY;
  #gate: Promise<void> | undefined;
  #open: (() => void) | undefined;

  constructor(inner: Store) {
    this.store = {
      get: (family, key) => inner.get(family, key),
      getMany: (family, keys) => inner.getMany(family, keys),
      range: (family, range) => inner.range(family, range),
      batch: () => inner.batch(),
      snapshot: () => inner.snapshot(),
      turn: (queue) => inner.turn(queue),
      flush: (families) => inner.flush(families),
      sync: () => inner.sync(),
      close: () => inner.close(),
      write: async (batch) => {
        this.writes++;
        await this.#gate;
        if (this.failure !== undefined) throw this.failure;
        if (this.writesLeft-- <= 0) throw new Error('the process has ended');
        await inner.write(batch);
      },
    };
  }

  /** Writes wait until `release`. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#gate = undefined;
    this.#open?.();
  }
}
