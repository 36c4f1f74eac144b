// Calls without an end of their own, so that a stop can end them.
import type { EventEmitter } from 'node:events';

export class OpenCalls {
  readonly #stops = new Set<() => void>();
  #stopping = false;

  /** Calls under way. */
  get size(): number {
    return this.#stops.size;
  }

  /** @param stop ends the call; runs at once when the stop has begun already. */
  add(call: EventEmitter, stop: () => void): void {
    if (this.#stopping) {
      stop();
      return;
    }
    this.#stops.add(stop);
    for (const event of ['finish', 'close', 'cancelled']) call.once(event, () => this.#stops.delete(stop));
  }

  stopAll(): void {
    this.#stopping = true;
    for (const stop of this.#stops) stop();
    this.#stops.clear();
  }
}
