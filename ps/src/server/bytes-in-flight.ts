// Bounded memory for pushes that are not settled yet; one for the process, and one for each stream within it.
export class BytesInFlight {
  readonly #max: number;
  readonly #parent: BytesInFlight | undefined;
  #held = 0;

  constructor(max: number, parent?: BytesInFlight) {
    this.#max = max;
    this.#parent = parent;
  }

  get held(): number {
    return this.#held;
  }

  /** @returns false, and takes nothing, when they do not fit here or in the parent. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#max) return false;
    if (this.#parent !== undefined && !this.#parent.take(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
    this.#parent?.release(bytes);
  }
}
