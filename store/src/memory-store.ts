// The store in memory: for tests and for what need not outlive its process.
// Holds: `#maps` changes in one synchronous step per write, so no reader ever sees half a batch.
import { assertFamily, type Operation, OperationBatch } from './operations.ts';
import { OrderedMap } from './ordered-map.ts';
import { checkedRange } from './range.ts';
import type { Entry, Range, Store, StoreOptions, StoreReader, StoreSnapshot, WriteBatch } from './store.ts';
import { StoreError } from './store-error.ts';

type Maps = ReadonlyMap<string, OrderedMap>;

/** A store that ends with its process. */
export function openMemoryStore(options: StoreOptions): Store {
  return new MemoryStore(options.families);
}

class MemoryReader implements StoreReader {
  readonly #maps: () => Maps;

  constructor(maps: () => Maps) {
    this.#maps = maps;
  }

  async get(family: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#map(family).get(key)?.slice();
  }

  async getMany(family: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const map = this.#map(family);
    return keys.map((key) => map.get(key)?.slice());
  }

  async *range(family: string, range: Range = {}): AsyncGenerator<Entry> {
    const checked = checkedRange(range);
    if (checked === undefined) return;
    for (const { key, value } of this.#map(family).entries(checked)) {
      yield { key: key.slice(), value: value.slice() };
    }
  }

  #map(family: string): OrderedMap {
    const maps = this.#maps();
    assertFamily(new Set(maps.keys()), family);
    return maps.get(family)!;
  }
}

class MemoryStore extends MemoryReader implements Store {
  readonly #families: ReadonlySet<string>;
  #maps: Maps;
  #closed = false;

  constructor(families: readonly string[]) {
    super(() => this.#open());
    this.#families = new Set(families);
    this.#maps = new Map(families.map((family) => [family, OrderedMap.empty]));
  }

  batch(): WriteBatch {
    return new OperationBatch(this.#families);
  }

  async write(batch: WriteBatch): Promise<void> {
    this.#open();
    const operations = OperationBatch.take(batch);
    // As with a disk, the write is not yet seen when the call returns.
    await undefined;
    const maps = new Map(this.#maps);
    for (const operation of operations) {
      maps.set(operation.family, applied(maps.get(operation.family)!, operation));
    }
    this.#maps = maps;
  }

  snapshot(): StoreSnapshot {
    return new MemorySnapshot(this.#open());
  }

  async turn(queue: string): Promise<void> {
    this.#open();
    assertFamily(this.#families, queue);
  }

  async flush(): Promise<void> {
    this.#open();
  }

  async sync(): Promise<void> {
    this.#open();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #open(): Maps {
    if (this.#closed) throw new StoreError('FAILED', 'the store is closed');
    return this.#maps;
  }
}

class MemorySnapshot extends MemoryReader implements StoreSnapshot {
  #maps: Maps | undefined;

  constructor(maps: Maps) {
    super(() => this.#open());
    this.#maps = maps;
  }

  async close(): Promise<void> {
    this.#maps = undefined;
  }

  #open(): Maps {
    if (this.#maps === undefined) throw new StoreError('FAILED', 'the snapshot is closed');
    return this.#maps;
  }
}

function applied(map: OrderedMap, operation: Operation): OrderedMap {
  switch (operation.kind) {
    case 'put':
      // Copies: `slice` of a Buffer would share its memory.
      return map.put(new Uint8Array(operation.key), new Uint8Array(operation.value));
    case 'delete':
      return map.delete(operation.key);
    case 'deleteRange':
      return map.deleteRange(operation.gte, operation.lt);
  }
}
