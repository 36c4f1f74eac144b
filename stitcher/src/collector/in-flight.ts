// Bytes on their way through the process, bounded: what does not fit is refused at once, with a hint when to return.
import { WeirError } from '@weir/proto';

export class InFlight {
  readonly #bytesMax: number;
  readonly #retryAfterMs: number;
  #bytes = 0;

  constructor(bytesMax: number, retryAfterMs: number) {
    this.#bytesMax = bytesMax;
    this.#retryAfterMs = retryAfterMs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Holds `bytes` while the action runs. WeirError OVERLOADED when they do not fit. */
  async during<T>(bytes: number, action: () => Promise<T>): Promise<T> {
    if (this.#bytes + bytes > this.#bytesMax) {
      throw new WeirError(
        'OVERLOADED',
        `${this.#bytes} bytes are on their way to the streams and ${bytes} more exceed ${this.#bytesMax}; come again`,
        { retryAfterMs: this.#retryAfterMs },
      );
    }
    this.#bytes += bytes;
    try {
      return await action();
    } finally {
      this.#bytes -= bytes;
    }
  }
}
