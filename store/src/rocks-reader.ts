// Reads of RocksDB, as of now or as of a snapshot: a session of the engine per family.
// Holds: every iteration is known until it ends, so that closing can end it instead of waiting for it. While the engine is away
// (being opened again) reads wait.
import type RocksDB from 'rocksdb-native';
import type { Iterator } from 'rocksdb-native';
import type { BlobValues } from './blobs/blob-values.ts';
import { ITERATOR_ENTRIES } from './limits.ts';
import { assertFamily } from './operations.ts';
import { engineFamilies, halvesOf, merged } from './queue-halves.ts';
import { checkedRange } from './range.ts';
import { rocksError } from './rocks-error.ts';
import type { Entry, Range, StoreReader } from './store.ts';
import { StoreError } from './store-error.ts';

export interface ReaderParts {
  /** For messages. */
  readonly path: string;
  readonly families: ReadonlySet<string>;
  readonly queues: ReadonlySet<string>;
  readonly blobs: BlobValues;
}

export class RocksReader implements StoreReader {
  readonly #parts: ReaderParts;
  #sessions: ReadonlyMap<string, RocksDB>;
  readonly #iterators = new Set<Iterator>();
  #away: PromiseWithResolvers<void> | undefined;
  /** Why there is no reading. */
  #closed: StoreError | undefined;

  /** `session`: the engine, or a snapshot of it. */
  constructor(session: RocksDB, parts: ReaderParts) {
    this.#parts = parts;
    this.#sessions = sessionsOf(session, parts);
  }

  async get(family: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany(family, [key]);
    return value;
  }

  async getMany(family: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const { families, queues, blobs } = this.#parts;
    assertFamily(families, family);
    await this.#away?.promise;
    if (queues.has(family)) {
      const [first, second] = await Promise.all(halvesOf(family).map((half) => this.#look(half, keys)));
      return first!.map((value, i) => value ?? second![i]);
    }
    if (!blobs.has(family)) return await this.#look(family, keys);
    const letGo = blobs.hold();
    try {
      return await blobs.values(await this.#look(family, keys));
    } finally {
      letGo();
    }
  }

  range(family: string, range?: Range): AsyncGenerator<Entry> {
    const entries = this.entries(family, range);
    return this.#parts.blobs.has(family) ? this.#parts.blobs.entries(entries) : entries;
  }

  /** As they stand in the engine. */
  async *entries(family: string, range: Range = {}): AsyncGenerator<Entry> {
    assertFamily(this.#parts.families, family);
    await this.#away?.promise;
    const checked = checkedRange(range);
    if (checked === undefined) return;
    if (!this.#parts.queues.has(family)) return yield* this.#iterate(family, checked);
    const [first, second] = halvesOf(family);
    yield* merged([this.#iterate(first, checked), this.#iterate(second, checked)], checked);
  }

  /** @param family of the engine: those of the store, but a queue's halves, and DEFAULT_FAMILY. */
  session(family: string): RocksDB {
    this.assertReadable();
    return this.#sessions.get(family)!;
  }

  /** Throws where a read would not be taken at this moment. */
  assertReadable(): void {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#away !== undefined)
      throw new StoreError('FAILED', `the store ${this.#parts.path} is being opened again`);
  }

  /** Ends iterations, and has other reads wait for `resumeReading`, or `closeReader`. */
  async leave(message: string): Promise<void> {
    this.#away ??= Promise.withResolvers();
    await this.#endReading(new StoreError('FAILED', message));
  }

  /** Reads go on in this engine, or snapshot. */
  resumeReading(session: RocksDB): void {
    this.#sessions = sessionsOf(session, this.#parts);
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

  async #look(family: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const session = this.session(family);
    if (keys.length === 0) return [];
    const batch = session.read({ capacity: keys.length, autoDestroy: true });
    const values = Promise.all(keys.map((key) => batch.get(key)));
    batch.tryFlush();
    try {
      return (await values).map((value) => value ?? undefined);
    } catch (error) {
      throw rocksError(`read family "${family}" of ${this.#parts.path}`, error);
    }
  }

  async *#iterate(family: string, range: Range): AsyncGenerator<Entry> {
    const { readEntries = ITERATOR_ENTRIES, limit = readEntries } = range;
    const iterator = this.session(family).iterator({ ...range, capacity: Math.min(limit, readEntries) });
    this.#iterators.add(iterator);
    try {
      yield* iterator;
    } catch (error) {
      throw rocksError(`read family "${family}" of ${this.#parts.path}`, error);
    } finally {
      this.#iterators.delete(iterator);
    }
  }

  async #endReading(error: StoreError): Promise<void> {
    for (const iterator of this.#iterators) iterator.destroy(error);
    const sessions = [...this.#sessions.values()];
    this.#sessions = new Map();
    await Promise.all(sessions.map((session) => session.close()));
  }
}

function sessionsOf(session: RocksDB, { families, queues }: ReaderParts): ReadonlyMap<string, RocksDB> {
  const names = engineFamilies([...families], [...queues]);
  return new Map(names.map((name) => [name, session.columnFamily(name)]));
}
