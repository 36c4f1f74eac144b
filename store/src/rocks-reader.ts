// Reads of RocksDB, as of now or as of a snapshot: a session of the engine per family.
// Holds: every iteration is known until it ends, so that closing can end it instead of waiting for it. While the engine is away
// (being opened again) reads wait.
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
  #sessions: ReadonlyMap<string, RocksDB>;
  readonly #iterators = new Set<Iterator>();
  #away: PromiseWithResolvers<void> | undefined;
  /** Why there is no reading. */
  #closed: StoreError | undefined;

  /** `session`: the engine, or a snapshot of it. */
  constructor(path: string, session: RocksDB, families: ReadonlySet<string>) {
    this.#path = path;
    this.#families = families;
    this.#sessions = sessionsOf(session, families);
  }

  async get(family: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany(family, [key]);
    return value;
  }

  async getMany(family: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    assertFamily(this.#families, family);
    await this.#away?.promise;
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
    assertFamily(this.#families, family);
    await this.#away?.promise;
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
    assertFamily(this.#families, family);
    this.assertReadable();
    return this.#sessions.get(family)!;
  }

  /** Throws where a read would not be taken at this moment. */
  assertReadable(): void {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#away !== undefined)
      throw new StoreError('FAILED', `the store ${this.#path} is being opened again`);
  }

  /** Ends iterations, and has other reads wait for `resumeReading`, or `closeReader`. */
  async leave(message: string): Promise<void> {
    this.#away ??= Promise.withResolvers();
    await this.#endReading(new StoreError('FAILED', message));
  }

  /** Reads go on in this engine, or snapshot. */
  resumeReading(session: RocksDB): void {
    this.#sessions = sessionsOf(session, this.#families);
    this.#closed = undefined;
    this.#away?.resolve();
    this.#away = undefined;
  }

  /** Ends iterations and refuses reads from now on, or until `resumeReading`. Idempotent. */
  async closeReader(error: StoreError): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#away?.resolve();
    this.#away = undefined;
    await this.#endReading(error);
  }

  async #endReading(error: StoreError): Promise<void> {
    for (const iterator of this.#iterators) iterator.destroy(error);
    const sessions = [...this.#sessions.values()];
    this.#sessions = new Map();
    await Promise.all(sessions.map((session) => session.close()));
  }
}

function sessionsOf(session: RocksDB, families: ReadonlySet<string>): ReadonlyMap<string, RocksDB> {
  return new Map([...families].map((family) => [family, session.columnFamily(family)]));
}
