// The watermark of one input stream of one partition: no record below it is expected. It never falls.
// Progress records are the word of a producer that knows; once a partition has one, they alone count.

/** Progress of a producer that has ended; the same value as `END_OF_INPUT_MS` of the streams. */
export const END_OF_TIME_MS = 8_640_000_000_000_000;

export interface StreamClockState {
  readonly watermarkMs: number;
  readonly hasProgress: boolean;
}

export class StreamClock {
  readonly #boundMs: number | undefined;
  #watermarkMs: number;
  #hasProgress: boolean;

  /** @param boundMs how far behind the newest record others may come; undefined: only progress records count. */
  constructor(boundMs: number | undefined, state: StreamClockState = { watermarkMs: 0, hasProgress: false }) {
    this.#boundMs = boundMs;
    this.#watermarkMs = state.watermarkMs;
    this.#hasProgress = state.hasProgress;
  }

  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  /** Records and the wall clock move it; else progress records alone do. */
  get isLive(): boolean {
    return this.#boundMs !== undefined && !this.#hasProgress;
  }

  /** A record of this time was read. */
  observe(timeMs: number): void {
    if (this.#boundMs !== undefined && !this.#hasProgress) this.raise(timeMs - this.#boundMs);
  }

  progress(timeMs: number): void {
    this.#hasProgress = true;
    this.raise(timeMs);
  }

  /** The idle rule speaks where the stream is silent; also used by the others. */
  raise(timeMs: number): void {
    const capped = Math.min(timeMs, END_OF_TIME_MS);
    if (capped > this.#watermarkMs) this.#watermarkMs = capped;
  }

  state(): StreamClockState {
    return { watermarkMs: this.#watermarkMs, hasProgress: this.#hasProgress };
  }
}
