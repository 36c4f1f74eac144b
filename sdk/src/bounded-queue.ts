// A queue between several producers and one consumer, of bounded length: who would exceed it waits.

export class BoundedQueue<T> {
  readonly #lengthMax: number;
  readonly #items: T[] = [];
  readonly #producers: (() => void)[] = [];
  #consumer: (() => void) | undefined;
  #end: { readonly error: unknown } | undefined;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Resolves to true once there was room, to false when the queue has ended. */
  async put(item: T): Promise<boolean> {
    while (this.#end === undefined && this.#items.length >= this.#lengthMax) {
      await new Promise<void>((resolve) => this.#producers.push(resolve));
    }
    if (this.#end !== undefined) return false;
    this.#items.push(item);
    this.#consumer?.();
    return true;
  }

  /** The next item; undefined once the queue has ended. @throws what it was ended with. */
  async take(): Promise<T | undefined> {
    while (this.#end === undefined && this.#items.length === 0) {
      await new Promise<void>((resolve) => {
        this.#consumer = resolve;
      });
      this.#consumer = undefined;
    }
    if (this.#end?.error !== undefined) throw this.#end.error;
    if (this.#end !== undefined) return undefined;
    const item = this.#items.shift();
    this.#producers.shift()?.();
    return item;
  }

  /** Ends both sides at once; what is queued is given up. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#items.length = 0;
    this.#consumer?.();
    for (const wake of this.#producers.splice(0)) wake();
  }
}
