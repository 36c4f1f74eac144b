// When a record of the data set is sent. Pure: told the clock, answers with a wait.

export type Pace =
  | { readonly kind: 'max' }
  /** Event time passes `factor` times as fast as the clock. */
  | { readonly kind: 'times'; readonly factor: number }
  /** A steady stream of requests, whatever their times. */
  | { readonly kind: 'rate'; readonly requestsPerSecond: number };

export class Pacer {
  readonly #pace: Pace;
  #start: { clockMs: number; timeMs: number } | undefined;
  #requests = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** How long from now (`clockMs`, monotonic) a record of this time should wait. Called once a record. */
  waitMs(clockMs: number, timeMs: number, isRequest: boolean): number {
    this.#start ??= { clockMs, timeMs };
    if (isRequest) this.#requests++;
    const sinceStartMs = clockMs - this.#start.clockMs;
    switch (this.#pace.kind) {
      case 'max':
        return 0;
      case 'times':
        return (timeMs - this.#start.timeMs) / this.#pace.factor - sinceStartMs;
      case 'rate':
        return ((this.#requests - 1) / this.#pace.requestsPerSecond) * 1000 - sinceStartMs;
    }
  }
}
