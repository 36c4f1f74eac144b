// Lets one asynchronous task wait until another says that something has changed.

export class EventGate {
  #open: PromiseWithResolvers<void> | undefined;

  /** Resolves at the next `notify`. Check the condition, then call this in the same turn. */
  wait(): Promise<void> {
    this.#open ??= Promise.withResolvers<void>();
    return this.#open.promise;
  }

  notify(): void {
    this.#open?.resolve();
    this.#open = undefined;
  }
}
