// Bounded memory for pushes that are not settled yet, shared by all clients. A client may hold as much as is left for
// the others (dynamic thresholds, Choudhury & Hahne, "Dynamic queue length thresholds for shared-memory packet
// switches", 1998): alone it gets its whole bound, and n greedy ones leave an (n + 1)th as much as each of them has.
// A part is reserved for pushes of clients that have nothing else here, so that large ones come through too.
import { DrainRate } from '../../core/drain-rate.ts';
import {
  BYTES_IN_FLIGHT_MAX,
  OVERLOADED_RETRY_MAX_MS,
  OVERLOADED_RETRY_MIN_MS,
  RESERVED_BYTES_IN_FLIGHT,
  STREAM_BYTES_IN_FLIGHT_MAX,
} from '../../limits.ts';

export class BytesInFlight {
  readonly #now: () => number;
  readonly #rate = new DrainRate();
  #held = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get held(): number {
    return this.#held;
  }

  /** How long a client that is turned away should wait: until half of what is held is settled, at the present rate. */
  get retryAfterMs(): number {
    const ms = (this.#held / 2 / this.#rate.at(this.#now())) * 1000;
    // Nothing held and nothing drained is NaN, and means at once.
    return Math.min(OVERLOADED_RETRY_MAX_MS, Math.max(OVERLOADED_RETRY_MIN_MS, Math.ceil(ms) || 0));
  }

  share(): ShareOfBytes {
    return new ShareOfBytes(this);
  }

  /** For shares. @param held by the client before. */
  take(bytes: number, held: number, alone: boolean): boolean {
    const free = BYTES_IN_FLIGHT_MAX - this.#held;
    const fits = alone ? bytes <= free : held + bytes <= free - RESERVED_BYTES_IN_FLIGHT;
    if (!fits || held + bytes > STREAM_BYTES_IN_FLIGHT_MAX) return false;
    this.#held += bytes;
    return true;
  }

  /** For shares. */
  release(bytes: number): void {
    if (bytes === 0) return;
    this.#held -= bytes;
    this.#rate.drained(bytes, this.#now());
  }
}

/** What one client holds of it. */
export class ShareOfBytes {
  readonly #whole: BytesInFlight;
  #held = 0;

  constructor(whole: BytesInFlight) {
    this.#whole = whole;
  }

  /**
   * @param alone whether the push that they belong to is the only one here of its client.
   * @returns false, and takes nothing, when they do not fit.
   */
  take(bytes: number, alone: boolean): boolean {
    if (!this.#whole.take(bytes, this.#held, alone)) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
    this.#whole.release(bytes);
  }
}
