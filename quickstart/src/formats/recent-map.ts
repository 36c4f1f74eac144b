// A map of bounded size: of more entries than it may hold, the one not set for longest is forgotten. Pure.

export class RecentMap<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: Key, value: Value): void {
    // Moved to the end: a Map's order is that of the last insertion.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#max) forgetFirst(this.#entries);
  }
}

export function forgetFirst(collection: Map<unknown, unknown> | Set<unknown>): void {
  for (const first of collection.keys()) {
    collection.delete(first);
    return;
  }
}
