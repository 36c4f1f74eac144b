// One call at a time of something slow: calls that come while one runs share the next.
// Holds: a call is answered by a run that began after it.

export class SharedCall {
  readonly #run: () => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  call(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#running = this.#run();
        return this.#running;
      });
    return this.#next;
  }

  /** Waits for the run under way, and for the next if there are calls for it. */
  async settled(): Promise<void> {
    await this.#next?.catch(() => undefined);
    await this.#running.catch(() => undefined);
  }

  /** Waits for the run under way only. */
  async idle(): Promise<void> {
    await this.#running.catch(() => undefined);
  }
}
