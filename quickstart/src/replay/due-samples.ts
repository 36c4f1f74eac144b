// How many samples the trainer could have trained by now but has not. A sample is due when progress has passed the end
// of its first window; those whose window is still open are not counted: waiting for them would be a deadlock. Pure.
import { Fifo } from './fifo.ts';

interface Due {
  readonly dueMs: number;
  readonly samples: number;
}

export class DueSamples {
  readonly #windowMs: number;
  readonly #open = new Fifo<Due>();
  readonly #due = new Fifo<Due>();
  #samples = 0;

  /** @param windowMs from a request to the time at which its samples first become known */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Due and not yet trained. */
  get samples(): number {
    return this.#samples;
  }

  /** Requests of these samples. */
  get requests(): number {
    return this.#due.length;
  }

  /** In order of time. */
  asked(timeMs: number, samples: number): void {
    this.#open.push({ dueMs: timeMs + this.#windowMs, samples });
  }

  /** Progress was announced: what became known below it leaves the stitcher. */
  progressed(timeMs: number): void {
    while (this.#open.length > 0 && this.#open.peek()!.dueMs < timeMs) {
      const due = this.#open.shift()!;
      this.#due.push(due);
      this.#samples += due.samples;
    }
  }

  /** Everything that became known below this time is trained. */
  trained(timeMs: number): void {
    while (this.#due.length > 0 && this.#due.peek()!.dueMs < timeMs)
      this.#samples -= this.#due.shift()!.samples;
  }
}
