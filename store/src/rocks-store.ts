// The store on disk: RocksDB with its write-ahead log on.
// Holds: one write of the engine is in flight; the log never grows far beyond WAL_BYTES_MAX (QUEUE_WAL_BYTES_MAX with queues); a write that
// failed is not there, nor any part of it, when later ones are taken.
import { access, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type RocksDB from 'rocksdb-native';
import { BlobValues } from './blobs/blob-values.ts';
import { QUEUE_WAL_BYTES_MAX, WAL_BYTES_MAX } from './limits.ts';
import { bytesOf, type Operation, OperationBatch } from './operations.ts';
import { DEFAULT_FAMILY, engineFamilies, QueueTurns } from './queue-halves.ts';
import { closeEngine, lastChange, openAgain, takesWrites } from './reopen.ts';
import { openEngine } from './rocks-engine.ts';
import { isOutOfSpace, rocksError } from './rocks-error.ts';
import { type ReaderParts, RocksReader } from './rocks-reader.ts';
import { RocksSnapshot } from './rocks-snapshot.ts';
import { SharedCall } from './shared-call.ts';
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
  readonly #parts: ReaderParts;
  /** Families of the engine. */
  readonly #engineFamilies: readonly string[];
  readonly #queue = new WriteQueue((operations, bytes) => this.#commit(operations, bytes));
  readonly #snapshots = new Set<RocksSnapshot>();
  readonly #turns: QueueTurns;
  #database: RocksDB;
  #wal: WalSync;
  readonly #walBytesMax: number;
  #walBytes = 0;
  /** Of that, since a queue's last turn. */
  #turnedBytes = 0;
  #flushing: Promise<void> | undefined;
  readonly #syncing = new SharedCall(() => this.#syncNow());
  /** A sync is under way, or the last one failed. */
  #logInDoubt = false;
  /** The engine takes no write before it is opened again. */
  #stuck = false;
  /** While the engine is closed to be opened again: the number of the last change that was acknowledged. */
  #lastChange: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, database: RocksDB, options: StoreOptions) {
    const { families, queues = [], blobs = [] } = options;
    const parts = {
      path,
      families: new Set(families),
      queues: new Set(queues),
      blobs: new BlobValues(join(path, 'blobs'), blobs, {
        entries: (family) => this.entries(family),
        commit: (operations) => this.#queue.write(operations, bytesOf(operations)),
      }),
    };
    super(database, parts);
    this.#path = path;
    this.#options = options;
    this.#parts = parts;
    this.#engineFamilies = engineFamilies(families, queues);
    this.#turns = new QueueTurns(queues);
    this.#walBytesMax = queues.length > 0 ? QUEUE_WAL_BYTES_MAX : WAL_BYTES_MAX;
    this.#database = database;
    this.#wal = this.#walSync();
  }

  batch(): WriteBatch {
    return new OperationBatch(this.#parts.families);
  }

  async write(batch: WriteBatch): Promise<void> {
    this.#assertOpen();
    const operations = OperationBatch.take(batch);
    if (operations.length === 0) return;
    if (operations.some(({ family }) => this.#parts.blobs.has(family)))
      await this.#parts.blobs.write(operations);
    else await this.#queue.write(operations, batch.bytes);
  }

  snapshot(): StoreSnapshot {
    this.#assertOpen();
    this.assertReadable();
    const letGo = this.#parts.blobs.hold();
    const snapshot = new RocksSnapshot(this.#database.snapshot(), this.#parts, () => {
      this.#snapshots.delete(snapshot);
      letGo();
    });
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  async turn(queue: string): Promise<void> {
    this.#assertOpen();
    // A flush of something, whatever it is, begins a new file of the engine's log: so the files before can go with what is in the half now.
    const mark = { kind: 'put', family: DEFAULT_FAMILY, key: TURN_KEY, value: NOTHING } as const;
    await this.#queue.write([mark], bytesOf([mark]));
    await this.#flushEngine([DEFAULT_FAMILY]);
    this.#turnedBytes = 0;
    this.#turns.turn(queue);
  }

  async flush(families: readonly string[]): Promise<void> {
    const flush = () => this.#flushEngine(families.flatMap((family) => this.#turns.before(family)));
    await (families.some((family) => this.#parts.blobs.has(family))
      ? this.#parts.blobs.tidy(flush)
      : flush());
    if ([...this.#parts.families].every((family) => families.includes(family)))
      this.#walBytes = this.#turnedBytes;
  }

  sync(): Promise<void> {
    this.#assertOpen();
    return this.#syncing.call();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#parts.blobs.close();
    await this.#queue.idle();
    await this.#syncing.settled();
    await this.#flushing;
    await this.closeReader(new StoreError('FAILED', `the store ${this.#path} is closed`));
    await this.#wal.close();
    if (this.#lastChange === undefined) await closeEngine(this.#path, this.#database);
  }

  async #commit(operations: readonly Operation[], bytes: number): Promise<void> {
    if (this.#stuck) await this.#openAgain();
    const batch = this.#database.write({ capacity: operations.length, autoDestroy: true });
    for (const operation of operations) {
      for (const family of this.#turns.changed(operation.kind, operation.family)) {
        // A batch of the engine takes each change's family from its session at that moment.
        batch._db = this.session(family);
        if (operation.kind === 'put') batch.tryPut(operation.key, operation.value);
        else if (operation.kind === 'delete') batch.tryDelete(operation.key);
        else batch.tryDeleteRange(operation.gte, operation.lt);
      }
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
    this.#turnedBytes += bytes;
    if (this.#walBytes > this.#walBytesMax) this.#flushing ??= this.#flushAll();
  }

  async #flushEngine(families: readonly string[]): Promise<void> {
    for (const family of families) {
      try {
        await this.session(family).flush();
      } catch (error) {
        throw rocksError(`flush family "${family}" of ${this.#path}`, error);
      }
    }
  }

  /** Empties all memory tables, so that the log files so far can go. A failure shows in the writes that follow. */
  async #flushAll(): Promise<void> {
    this.#walBytes = 0;
    try {
      await this.#flushEngine(this.#engineFamilies);
    } catch {
      this.#walBytes = this.#walBytesMax;
    }
    this.#flushing = undefined;
  }

  async #syncNow(): Promise<void> {
    try {
      this.assertReadable();
      // A kernel reports what it could not write once, then takes it for written: after that only tables are sure to have it.
      if (this.#logInDoubt) await this.#flushEngine(this.#engineFamilies);
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
    await this.#syncing.idle();
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

const TURN_KEY = new TextEncoder().encode('turn');
const NOTHING = new Uint8Array(0);
