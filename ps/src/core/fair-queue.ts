// Whose turn it is: items wait in lanes, one for each client, and leave lane by lane. In each round a lane may put out
// as many bytes as every other (deficit round robin, Shreedhar & Varghese, "Efficient fair queuing using deficit round
// robin", 1995), so a client with much waits behind itself, not others behind it.
// Holds: within a lane items keep their order; between two turns of a lane each other lane puts out at most
// ROUND_BYTES and the size of its largest item.

/** What each lane may put out in one round. */
export const ROUND_BYTES = 256 * 1024;
/** What an item costs beside its bytes, so that empty ones take turns too. */
export const ITEM_OVERHEAD_BYTES = 256;

interface Waiting<Item> {
  readonly item: Item;
  readonly cost: number;
}

interface LaneState<Lane, Item> {
  readonly lane: Lane;
  readonly items: (Waiting<Item> | undefined)[];
  /** Index of the oldest item; those before it have left. */
  first: number;
  /** What it may still put out in this round. */
  credit: number;
}

export class FairQueue<Lane, Item> {
  /** Lanes with items; the first one has the turn. They are few, and looked through: they come and go with every push. */
  readonly #turns: LaneState<Lane, Item>[] = [];
  #size = 0;

  /** Items that wait. */
  get size(): number {
    return this.#size;
  }

  has(lane: Lane): boolean {
    return this.#stateOf(lane) !== undefined;
  }

  add(lane: Lane, item: Item, bytes: number): void {
    let state = this.#stateOf(lane);
    if (state === undefined) {
      state = { lane, items: [], first: 0, credit: ROUND_BYTES };
      this.#turns.push(state);
    }
    state.items.push({ item, cost: bytes + ITEM_OVERHEAD_BYTES });
    this.#size++;
  }

  /** The item whose turn it is. */
  take(): Item | undefined {
    for (;;) {
      const state = this.#turns[0];
      if (state === undefined) return undefined;
      const { item, cost } = state.items[state.first]!;
      if (state.credit < cost) {
        this.#passTurn(state);
        continue;
      }
      state.credit -= cost;
      state.items[state.first++] = undefined;
      this.#size--;
      if (state.first === state.items.length) this.#forget(state);
      else if (state.first > 64 && 2 * state.first > state.items.length) {
        state.items.splice(0, state.first);
        state.first = 0;
      }
      return item;
    }
  }

  /** Takes out all that waits in a lane, oldest first. */
  remove(lane: Lane): Item[] {
    const state = this.#stateOf(lane);
    if (state === undefined) return [];
    this.#forget(state);
    const items = state.items.slice(state.first).map((waiting) => waiting!.item);
    this.#size -= items.length;
    return items;
  }

  #stateOf(lane: Lane): LaneState<Lane, Item> | undefined {
    return this.#turns.find((state) => state.lane === lane);
  }

  /** The next lane gets the turn, and this one its share of the round after. */
  #passTurn(state: LaneState<Lane, Item>): void {
    this.#turns.shift();
    this.#turns.push(state);
    state.credit += ROUND_BYTES;
  }

  /** An idle lane saves no credit. */
  #forget(state: LaneState<Lane, Item>): void {
    this.#turns.splice(this.#turns.indexOf(state), 1);
  }
}
