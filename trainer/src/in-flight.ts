// Counts tasks under way and bounds them. Of those that fail the first one is kept, and told at once.
import { EventGate } from './event-gate.ts';

export class InFlight {
  readonly #max: number;
  readonly #onFailed: () => void;
  readonly #changed = new EventGate();
  #size = 0;
  #failure: { readonly error: unknown } | undefined;

  /** @param onFailed called once, when the first task fails. */
  constructor(max: number, onFailed: () => void) {
    this.#max = max;
    this.#onFailed = onFailed;
  }

  get size(): number {
    return this.#size;
  }

  add(task: Promise<void>): void {
    this.#size++;
    task
      .catch((error: unknown) => {
        if (this.#failure !== undefined) return;
        this.#failure = { error };
        this.#onFailed();
      })
      .finally(() => {
        this.#size--;
        this.#changed.notify();
      });
  }

  /** Resolves when fewer than the bound are under way. */
  async room(): Promise<void> {
    while (this.#size >= this.#max) await this.#changed.wait();
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    while (this.#size > 0) await this.#changed.wait();
  }

  /** @throws what the first failing task failed with. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
