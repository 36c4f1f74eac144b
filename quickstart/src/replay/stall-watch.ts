// Notices when what should move stands still: a pipeline that hangs is an error, not a wait. Pure; the clock is passed in.

export class StallWatch {
  #state = '';
  #sinceMs = Number.NaN;

  /**
   * For how long nothing has moved although it should; 0 while it does or need not.
   * @param state whatever changes when something moves
   * @param expected whether something must move now
   * @param clockMs monotonic
   */
  stillMs(state: string, expected: boolean, clockMs: number): number {
    if (!expected || state !== this.#state || Number.isNaN(this.#sinceMs)) this.#sinceMs = clockMs;
    this.#state = state;
    return clockMs - this.#sinceMs;
  }
}
