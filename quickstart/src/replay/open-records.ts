// Which records were sent but not yet acknowledged, and so up to which event time everything is. Pure.
import { Fifo } from './fifo.ts';

/** One record on its way; done when it is acknowledged. */
export interface OpenRecord {
  readonly timeMs: number;
  done: boolean;
}

export class OpenRecords {
  readonly #open = new Fifo<OpenRecord>();
  #latestMs = Number.NEGATIVE_INFINITY;

  /** The next record was read, whether or not it is sent at once. Times never fall. */
  read(timeMs: number): void {
    if (timeMs < this.#latestMs) throw new Error(`time ${timeMs} follows ${this.#latestMs}`);
    this.#latestMs = timeMs;
  }

  /** The record is on its way; set `done` on what is returned. */
  send(timeMs: number): OpenRecord {
    const record = { timeMs, done: false };
    this.#open.push(record);
    return record;
  }

  /** Nothing below this time is open or will be read: the T of a progress record. */
  get acknowledgedMs(): number {
    while (this.#open.peek()?.done) this.#open.shift();
    return this.#open.peek()?.timeMs ?? this.#latestMs;
  }
}
