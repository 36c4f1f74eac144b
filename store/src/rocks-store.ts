// The store on disk: RocksDB with its write-ahead log on.
// Holds: one write of the engine is in flight; the log never grows far beyond WAL_BYTES_MAX (QUEUE_WAL_BYTES_MAX with queues); it is opened so
// that damage in its middle is an error and only a torn tail, which was never acknowledged, is cut off.
import { access, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type RocksDB from 'rocksdb-native';
import type { ColumnFamily } from 'rocksdb-native';
import { lowerBackgroundPriority } from './background-priority.ts';
import {
  BACKGROUND_JOBS,
  QUEUE_BUFFER_BYTES,
  QUEUE_WAL_BYTES_MAX,
  WAL_BYTES_MAX,
  WRITE_BUFFER_BYTES,
} from './limits.ts';
import { type Operation, OperationBatch } from './operations.ts';
import { loadError, rocksError } from './rocks-error.ts';
import { RocksReader } from './rocks-reader.ts';
import type { Store, StoreOptions, StoreSnapshot, WriteBatch } from './store.ts';
import { StoreError } from './store-error.ts';
import { damagedRecord, damagedTail, damageText, type WalDamage } from './wal-check.ts';
import { WalSync } from './wal-sync.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * Opens a folder, which is made if it is missing. One process at a time, but any number read only.
 * @throws StoreError LOCKED, CORRUPT, LIBRARY_MISSING, or FAILED (no permission, no space, an unnamed family).
 */
export async function openRocksStore(path: string, options: StoreOptions): Promise<Store> {
  const folder = resolve(path);
  const engine = await loadEngine();
  const { readOnly = false } = options;
  try {
    await (readOnly ? access(folder) : mkdir(folder, { recursive: true }));
  } catch (error) {
    throw new StoreError(
      'FAILED',
      `cannot ${readOnly ? 'read' : 'make'} the folder ${folder}: ${String(error)}`,
      error,
    );
  }
  const tail = await damagedTail(folder);
  if (tail !== undefined) throw damagedLog(folder, tail);
  const queues = new Set(options.queues);
  const database = new engine(folder, {
    columnFamilies: options.families
      .filter((family) => family !== 'default')
      .map((family) => (queues.has(family) ? queueFamily(engine, family) : family)),
    readOnly,
    walRecoveryMode: engine.constants.walRecoveryMode.TOLERATE_CORRUPTED_TAIL_RECORDS,
    maxBackgroundJobs: BACKGROUND_JOBS,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  try {
    await database.ready();
    await lowerBackgroundPriority();
  } catch (error) {
    const failure = rocksError(`open ${folder}`, error);
    const record = failure.code === 'CORRUPT' ? await damagedRecord(folder) : undefined;
    throw record === undefined ? failure : damagedLog(folder, record, failure);
  }
  const walBytesMax = queues.size > 0 ? QUEUE_WAL_BYTES_MAX : WAL_BYTES_MAX;
  return new RocksStore(folder, database, new Set(options.families), walBytesMax);
}

function damagedLog(folder: string, damage: WalDamage, cause?: unknown): StoreError {
  return new StoreError('CORRUPT', `cannot open ${folder}: ${damageText(damage)}`, cause);
}

function queueFamily(engine: typeof RocksDB, name: string): ColumnFamily {
  return new engine.ColumnFamily(name, { writeBufferSize: QUEUE_BUFFER_BYTES });
}

/** Loaded at the first opening: who stays in memory needs no native library. */
async function loadEngine(): Promise<typeof RocksDB> {
  try {
    return (await import('rocksdb-native')).default;
  } catch (error) {
    throw loadError(error);
  }
}

class RocksStore extends RocksReader implements Store {
  readonly #path: string;
  readonly #database: RocksDB;
  readonly #families: ReadonlySet<string>;
  readonly #queue = new WriteQueue((operations, bytes) => this.#commit(operations, bytes));
  readonly #wal: WalSync;
  readonly #walBytesMax: number;
  #walBytes = 0;
  #flushing: Promise<void> | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;
  /** A sync is under way, or the last one failed. */
  #logInDoubt = false;
  #closing: Promise<void> | undefined;

  constructor(path: string, database: RocksDB, families: ReadonlySet<string>, walBytesMax: number) {
    super(path, database, families);
    this.#path = path;
    this.#walBytesMax = walBytesMax;
    this.#database = database;
    this.#families = families;
    this.#wal = new WalSync(path, () => database.currentWalFile());
  }

  batch(): WriteBatch {
    return new OperationBatch(this.#families);
  }

  async write(batch: WriteBatch): Promise<void> {
    this.#assertOpen();
    const operations = OperationBatch.take(batch);
    if (operations.length > 0) await this.#queue.write(operations, batch.bytes);
  }

  snapshot(): StoreSnapshot {
    this.#assertOpen();
    return new RocksSnapshot(this.#path, this.#database.snapshot(), this.#families);
  }

  async flush(families: readonly string[]): Promise<void> {
    for (const family of families) {
      try {
        await this.session(family).flush();
      } catch (error) {
        throw rocksError(`flush family "${family}" of ${this.#path}`, error);
      }
    }
  }

  /** Calls that wait for the same sync share it. */
  sync(): Promise<void> {
    this.#assertOpen();
    this.#nextSync ??= this.#syncing
      .catch(() => undefined)
      .then(() => {
        this.#nextSync = undefined;
        this.#syncing = this.#syncNow();
        return this.#syncing;
      });
    return this.#nextSync;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.idle();
    await this.#nextSync?.catch(() => undefined);
    await this.#syncing.catch(() => undefined);
    await this.#flushing;
    await this.closeReader(`the store ${this.#path} is closed`);
    await this.#wal.close();
    try {
      await this.#database.close({ force: true });
    } catch (error) {
      throw rocksError(`close ${this.#path}`, error);
    }
  }

  async #commit(operations: readonly Operation[], bytes: number): Promise<void> {
    const batch = this.#database.write({ capacity: operations.length, autoDestroy: true });
    for (const operation of operations) {
      // A batch of the engine takes each change's family from its session at that moment.
      batch._db = this.session(operation.family);
      if (operation.kind === 'put') batch.tryPut(operation.key, operation.value);
      else if (operation.kind === 'delete') batch.tryDelete(operation.key);
      else batch.tryDeleteRange(operation.gte, operation.lt);
    }
    batch._db = this.#database;
    try {
      await batch.flush();
    } catch (error) {
      throw rocksError(`write to ${this.#path}`, error);
    }
    this.#walBytes += bytes;
    if (this.#walBytes > this.#walBytesMax) this.#flushing ??= this.#flushAll();
  }

  /** Empties all memory tables, so that the log files so far can go. A failure shows in the writes that follow. */
  async #flushAll(): Promise<void> {
    this.#walBytes = 0;
    try {
      await this.flush([...this.#families]);
    } catch {
      this.#walBytes = this.#walBytesMax;
    }
    this.#flushing = undefined;
  }

  async #syncNow(): Promise<void> {
    try {
      // A kernel reports what it could not write once, then takes it for written: after that only tables are sure to have it.
      if (this.#logInDoubt) await this.flush([...this.#families]);
      this.#logInDoubt = true;
      await this.#wal.sync();
      this.#logInDoubt = false;
    } catch (error) {
      throw new StoreError('FAILED', `cannot sync the log of ${this.#path}: ${String(error)}`, error);
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('FAILED', `the store ${this.#path} is closed`);
  }
}

class RocksSnapshot extends RocksReader implements StoreSnapshot {
  readonly #session: RocksDB;
  #closing: Promise<void> | undefined;

  constructor(path: string, session: RocksDB, families: ReadonlySet<string>) {
    super(path, session, families);
    this.#session = session;
  }

  close(): Promise<void> {
    this.#closing ??= this.closeReader('the snapshot is closed').then(() => this.#session.close());
    return this.#closing;
  }
}
