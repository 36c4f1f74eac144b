// The store on disk: RocksDB with its write-ahead log on.
// Holds: one write of the engine is in flight; the log never grows far beyond WAL_BYTES_MAX (QUEUE_WAL_BYTES_MAX with queues); a write that
// failed is not there, nor any part of it, when later ones are taken.
import { access, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type RocksDB from 'rocksdb-native';
import { QUEUE_WAL_BYTES_MAX, WAL_BYTES_MAX } from './limits.ts';
import { type Operation, OperationBatch } from './operations.ts';
import { closeEngine, lastChange, openAgain, takesWrites } from './reopen.ts';
import { openEngine } from './rocks-engine.ts';
import { isOutOfSpace, rocksError } from './rocks-error.ts';
import { RocksReader } from './rocks-reader.ts';
import type { Store, StoreOptions, StoreSnapshot, WriteBatch } from './store.ts';
import { StoreError } from './store-error.ts';
import { WalSync } from './wal-sync.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * Opens a folder, which is made if it is missing. One process at a time, but any number read only.
 * @throws StoreError LOCKED, CORRUPT, LIBRARY_MISSING, or FAILED (no permission, no space, an unnamed family).
 */
export async function openRocksStore(path: string, options: StoreOptions): Promise<Store> {
  const folder = resolve(path);
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
  return new RocksStore(folder, await openEngine(folder, options), options);
}

class RocksStore extends RocksReader implements Store {
  readonly #path: string;
  readonly #options: StoreOptions;
  readonly #families: ReadonlySet<string>;
  readonly #queue = new WriteQueue((operations, bytes) => this.#commit(operations, bytes));
  readonly #snapshots = new Set<RocksSnapshot>();
  #database: RocksDB;
  #wal: WalSync;
  readonly #walBytesMax: number;
  #walBytes = 0;
  #flushing: Promise<void> | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;
  /** A sync is under way, or the last one failed. */
  #logInDoubt = false;
  /** The engine takes no write before it is opened again. */
  #stuck = false;
  /** While the engine is closed to be opened again: the number of the last change that was acknowledged. */
  #lastChange: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, database: RocksDB, options: StoreOptions) {
    const families = new Set(options.families);
    super(path, database, families);
    this.#path = path;
    this.#options = options;
    this.#walBytesMax = (options.queues ?? []).length > 0 ? QUEUE_WAL_BYTES_MAX : WAL_BYTES_MAX;
    this.#database = database;
    this.#families = families;
    this.#wal = this.#walSync();
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
    this.assertReadable();
    const snapshot = new RocksSnapshot(this.#path, this.#database.snapshot(), this.#families, () =>
      this.#snapshots.delete(snapshot),
    );
    this.#snapshots.add(snapshot);
    return snapshot;
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
    await this.closeReader(new StoreError('FAILED', `the store ${this.#path} is closed`));
    await this.#wal.close();
    if (this.#lastChange === undefined) await closeEngine(this.#path, this.#database);
  }

  async #commit(operations: readonly Operation[], bytes: number): Promise<void> {
    if (this.#stuck) await this.#openAgain();
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
      const failure = rocksError(`write to ${this.#path}`, error);
      this.#stuck = failure.code === 'FAILED' && !isOutOfSpace(error) && this.#options.readOnly !== true;
      throw failure;
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
      this.assertReadable();
      // A kernel reports what it could not write once, then takes it for written: after that only tables are sure to have it.
      if (this.#logInDoubt) await this.flush([...this.#families]);
      this.#logInDoubt = true;
      await this.#wal.sync();
      this.#logInDoubt = false;
    } catch (error) {
      throw new StoreError('FAILED', `cannot sync the log of ${this.#path}: ${String(error)}`, error);
    }
  }

  /**
   * Where the disk takes writes again: nothing is written to the engine meanwhile, reads wait, and snapshots and iterations end.
   * The store serves no reads when the engine could be closed but not opened; then the next write tries that again.
   */
  async #openAgain(): Promise<void> {
    try {
      if (this.#lastChange === undefined) {
        if (!(await takesWrites(this.#path))) return;
        await this.#leaveEngine();
      }
      const open = (): Promise<RocksDB> => openEngine(this.#path, this.#options);
      this.#database = await openAgain(this.#path, this.#lastChange!, open);
    } catch (error) {
      const failure = rocksError(`open ${this.#path} again`, error);
      if (this.#lastChange !== undefined) await this.closeReader(failure);
      throw failure;
    }
    this.#lastChange = undefined;
    this.#stuck = false;
    this.#walBytes = 0;
    this.#wal = this.#walSync();
    this.resumeReading(this.#database);
  }

  async #leaveEngine(): Promise<void> {
    const message = `the store ${this.#path} was opened again after a disk error; begin anew`;
    await this.leave(message);
    await Promise.all([...this.#snapshots].map((snapshot) => snapshot.end(message)));
    await this.#flushing;
    await this.#syncing.catch(() => undefined);
    try {
      await this.#database.idle();
      this.#lastChange = await lastChange(this.#database);
    } catch (error) {
      this.resumeReading(this.#database);
      throw rocksError(`look at ${this.#path}`, error);
    }
    await this.#wal.close();
    await closeEngine(this.#path, this.#database);
  }

  #walSync(): WalSync {
    return new WalSync(this.#path, () => this.#database.currentWalFile());
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('FAILED', `the store ${this.#path} is closed`);
  }
}

class RocksSnapshot extends RocksReader implements StoreSnapshot {
  readonly #session: RocksDB;
  readonly #ended: () => void;
  #closing: Promise<void> | undefined;

  constructor(path: string, session: RocksDB, families: ReadonlySet<string>, ended: () => void) {
    super(path, session, families);
    this.#session = session;
    this.#ended = ended;
  }

  close(): Promise<void> {
    return this.end('the snapshot is closed');
  }

  /** @param why for reads that come later. */
  end(why: string): Promise<void> {
    this.#closing ??= this.closeReader(new StoreError('FAILED', why))
      .then(() => this.#session.close())
      .finally(this.#ended);
    return this.#closing;
  }
}
