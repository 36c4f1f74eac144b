// Reads of RocksDB, as of now or as of a snapshot: a session of the engine per family.
// Holds: every iteration is known until it ends, so that closing can end it instead of waiting for it.
import type RocksDB from 'rocksdb-native';
import type { Iterator } from 'rocksdb-native';
import { ITERATOR_ENTRIES } from './limits.ts';
import { assertFamily } from './operations.ts';
import { checkedRange } from './range.ts';
import { rocksError } from './rocks-error.ts';
import type { Entry, Range, StoreReader } from './store.ts';
import { StoreError } from './store-error.ts';

export class RocksReader implements StoreReader {
  readonly #path: string;
  readonly #families: ReadonlySet<string>;
  readonly #sessions: ReadonlyMap<string, RocksDB>;
  readonly #iterators = new Set<Iterator>();
  #closed: string | undefined;

  /** `session`: the engine, or a snapshot of it. */
  constructor(path: string, session: RocksDB, families: ReadonlySet<string>) {
    this.#path = path;
    this.#families = families;
    this.#sessions = new Map([...families].map((family) => [family, session.columnFamily(family)]));
  }

  async get(family: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany(family, [key]);
    return value;
  }

  async getMany(family: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const session = this.session(family);
    if (keys.length === 0) return [];
    const batch = session.read({ capacity: keys.length, autoDestroy: true });
    const values = Promise.all(keys.map((key) => batch.get(key)));
    batch.tryFlush();
    try {
      return (await values).map((value) => value ?? undefined);
    } catch (error) {
      throw rocksError(`read family "${family}" of ${this.#path}`, error);
    }
  }

  async *range(family: string, range: Range = {}): AsyncGenerator<Entry> {
    const session = this.session(family);
    const checked = checkedRange(range);
    if (checked === undefined) return;
    const { readEntries = ITERATOR_ENTRIES, limit = readEntries } = checked;
    const iterator = session.iterator({ ...checked, capacity: Math.min(limit, readEntries) });
    this.#iterators.add(iterator);
    try {
      yield* iterator;
    } catch (error) {
      throw rocksError(`read family "${family}" of ${this.#path}`, error);
    } finally {
      this.#iterators.delete(iterator);
    }
  }

  session(family: string): RocksDB {
    if (this.#closed !== undefined) throw new StoreError('FAILED', this.#closed);
    assertFamily(this.#families, family);
    return this.#sessions.get(family)!;
  }

  /** Ends iterations and refuses reads from now on, with this message. Idempotent. */
  async closeReader(message: string): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = message;
    for (const iterator of this.#iterators) iterator.destroy(new StoreError('FAILED', message));
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }
}
