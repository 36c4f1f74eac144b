// A value that changes, and those who follow it: each sees the newest, and may miss what was overtaken before it looked.
import { Waiters } from './waiters.ts';

export class Changing<T> {
  #current: T;
  #version = 1;
  #ended: { readonly error: unknown } | undefined;
  readonly #waiters = new Waiters();

  constructor(current: T) {
    this.#current = current;
  }

  get current(): T {
    return this.#current;
  }

  change(current: T): void {
    if (this.#ended !== undefined) return;
    this.#current = current;
    this.#version++;
    this.#waiters.wakeAll();
  }

  /** Ends those who follow, with an error if there is one. */
  end(error?: unknown): void {
    this.#ended ??= { error };
    this.#waiters.wakeAll();
  }

  /** The value now, then whenever it has changed. @throws what it was ended with. */
  async *follow(signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
    for (let seen = 0; ; ) {
      while (seen === this.#version && this.#ended === undefined && signal?.aborted !== true) {
        await this.#waiters.next(signal);
      }
      if (signal?.aborted === true) return;
      if (seen === this.#version) {
        if (this.#ended?.error !== undefined) throw this.#ended.error;
        return;
      }
      seen = this.#version;
      yield this.#current;
    }
  }
}
