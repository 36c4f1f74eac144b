// Goes once over all that a partition has in the local store, a piece with every step, and hands it to the log again.
// Afterwards everything that lives stands in the log behind the step with which this began: either handed on here, or
// changed since. What was before can go.
import type { Store } from '@weir/store';
import type { StateChanges } from './state-changes.ts';
import { partitionBound } from './state-keys.ts';

/** `meta` is not among them: every step writes it whole. */
const CARRIED = ['requests', 'templates', 'waiting', 'spilled', 'outbox'] as const;

export class CarriedState {
  readonly #store: Store;
  readonly #partition: number;
  #family = 0;
  #after: Uint8Array | undefined;
  #bytes = 0;

  constructor(store: Store, partition: number) {
    this.#store = store;
    this.#partition = partition;
  }

  /** Handed on so far; at the end, the size of the state. */
  get bytes(): number {
    return this.#bytes;
  }

  get isDone(): boolean {
    return this.#family === CARRIED.length;
  }

  /** Precondition: the local store has all steps so far. */
  async next(changes: StateChanges, bytesMax: number): Promise<void> {
    const lt = partitionBound(this.#partition + 1);
    for (; !this.isDone; this.#family++, this.#after = undefined) {
      const family = CARRIED[this.#family]!;
      const from = this.#after === undefined ? { gte: partitionBound(this.#partition) } : { gt: this.#after };
      for await (const { key, value } of this.#store.range(family, { ...from, lt })) {
        if (changes.carriedBytes >= bytesMax) return;
        changes.carry(family, key, value);
        this.#bytes += key.length + value.length;
        this.#after = key;
      }
    }
  }
}
