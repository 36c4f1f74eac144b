// Things under way, each at a number of its own that is free again when it is over. For what comes and goes thousands of
// times a second, in place of a Map or Set: those link every table that they outgrow to the next, so that the first one
// which reaches the old generation keeps whatever passes through alive until the next full collection.

export class Slots<T> {
  readonly #values: (T | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#values.length - this.#free.length;
  }

  /** @returns its number, from 0. */
  add(value: T): number {
    const slot = this.#free.pop() ?? this.#values.length;
    this.#values[slot] = value;
    return slot;
  }

  get(slot: number): T | undefined {
    return this.#values[slot];
  }

  /** Nothing happens when it is free already. */
  remove(slot: number): void {
    if (this.#values[slot] === undefined) return;
    this.#values[slot] = undefined;
    this.#free.push(slot);
  }

  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }

  clear(): void {
    this.#values.length = 0;
    this.#free.length = 0;
  }
}
