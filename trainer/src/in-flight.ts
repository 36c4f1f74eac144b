// Counts tasks under way and bounds them. A task that fails stops the one who waits for room, at the next wait.
import { EventGate } from './event-gate.ts';

export class InFlight {
  readonly #max: number;
  readonly #changed = new EventGate();
  #size = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  add(task: Promise<void>): void {
    this.#size++;
    task
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#size--;
        this.#changed.notify();
      });
  }

  /** Resolves when fewer than the bound are under way. @throws what a task has failed with. */
  room(): Promise<void> {
    return this.#until(() => this.#size < this.#max);
  }

  /** Resolves when none is under way. @throws what a task has failed with. */
  settled(): Promise<void> {
    return this.#until(() => this.#size === 0);
  }

  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (condition()) return;
      await this.#changed.wait();
    }
  }
}
