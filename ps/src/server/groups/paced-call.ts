// A call that is made at once, but no more often than at an interval: calls meanwhile become one at its end.
export class PacedCall {
  readonly #intervalMs: number;
  readonly #make: () => void;
  #timer: NodeJS.Timeout | undefined;
  #again = false;

  constructor(intervalMs: number, make: () => void) {
    this.#intervalMs = intervalMs;
    this.#make = make;
  }

  call(): void {
    if (this.#timer !== undefined) {
      this.#again = true;
      return;
    }
    this.#make();
    this.#wait();
  }

  /** Not at once, but after the interval: what is over by then need not be told. */
  soon(): void {
    this.#again = true;
    if (this.#timer === undefined) this.#wait();
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const due = this.#again;
      this.#again = false;
      if (due) this.call();
    }, this.#intervalMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
