// Counts tasks under way and bounds them. A task that fails is told at once, to whoever watches `failed`.
import { EventGate } from './event-gate.ts';

export class InFlight {
  readonly #max: number;
  readonly #changed = new EventGate();
  readonly #failed = Promise.withResolvers<never>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
    // A failure before anyone watches is not lost: `failed` stays rejected.
    this.failed.catch(() => undefined);
  }

  get size(): number {
    return this.#size;
  }

  /** Rejects with what the first failing task failed with; never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  add(task: Promise<void>): void {
    this.#size++;
    task.catch(this.#failed.reject).finally(() => {
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
}
