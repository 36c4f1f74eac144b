// A queue whose ends cost the same however long it is. Pure.

/** Taken places are given back once they are the larger half. */
const SLACK_MIN = 1_024;

export class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** The item that has waited longest. */
  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head >= SLACK_MIN && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The first items, at most `count`. */
  shiftMany(count: number): Item[] {
    const taken: Item[] = [];
    while (taken.length < count && this.length > 0) taken.push(this.shift()!);
    return taken;
  }
}
