// The ordered key-value store's interface: what the parameter server, the streams and the stitcher stand on.
// Holds for every implementation: keys have at least one byte and order as unsigned bytes, a batch applies whole
// or not at all, and writes resolve in call order. On disk a resolved write survives kill -9 of the process.

export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Keys of one family, at most one lower and one upper bound; without bounds, all of them. `limit` counts entries. */
export interface Range {
  readonly gte?: Uint8Array;
  readonly gt?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
  /**
   * Entries that a read of the engine brings; default ITERATOR_ENTRIES. With 16 or fewer the next read runs while
   * these are worked on: worth it where entries are large.
   */
  readonly readEntries?: number;
}

/**
 * Changes that apply together, in the order in which they were added. Keys and values are not copied: leave
 * them unchanged until the write has resolved. A batch is written at most once.
 */
export interface WriteBatch {
  put(family: string, key: Uint8Array, value: Uint8Array): this;
  delete(family: string, key: Uint8Array): this;
  /** Removes the keys with `gte <= key < lt`. */
  deleteRange(family: string, gte: Uint8Array, lt: Uint8Array): this;
  /** Number of changes. */
  readonly size: number;
  /** Bytes of their keys and values. */
  readonly bytes: number;
}

/** Returned arrays belong to the caller. */
export interface StoreReader {
  get(family: string, key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Values parallel to `keys`. */
  getMany(family: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /** Entries in key order, as of the moment at which the iteration began. */
  range(family: string, range?: Range): AsyncIterable<Entry>;
}

/** The store as of the moment at which the snapshot was taken. */
export interface StoreSnapshot extends StoreReader {
  close(): Promise<void>;
}

/**
 * Errors are `StoreError`s. After an error of the disk that the engine does not get over, a write that comes when the disk works again opens
 * it anew: then iterations and snapshots of before end with FAILED. A write that failed is not there afterwards. A family that was not named at opening is a TypeError.
 */
export interface Store extends StoreReader {
  batch(): WriteBatch;
  /**
   * Atomic. Once resolved it survives kill -9 of the process; writes resolve in call order, and those to `blobs` families in an
   * order of their own.
   */
  write(batch: WriteBatch): Promise<void>;
  snapshot(): StoreSnapshot;
  /** Once resolved, every write that had resolved before the call survives power loss. */
  sync(): Promise<void>;
  /**
   * For whoever is about to remove all that is in a queue, while more comes: what comes from now on stands apart, and the next `flush` leaves
   * it in memory.
   */
  turn(queue: string): Promise<void>;
  /**
   * Writes out what these families hold in memory, without what was removed since, and of a queue what came before its last `turn`; then the part of the write-ahead log
   * behind it can go, and files of values that were replaced in `blobs` families. Writes go on meanwhile.
   */
  flush(families: readonly string[]): Promise<void>;
  /** Waits for writes in flight. Idempotent. Close snapshots and end iterations before. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /**
   * Families of `families` that are written at one end and soon removed at the other, by range. Their entries stay in
   * memory (and in the write-ahead log) up to QUEUE_BUFFER_BYTES, so that most never cost a second write. A key is put once, or
   * again with the same value.
   */
  readonly queues?: readonly string[];
  /**
   * Families of `families` with far more small entries than memory holds, read by key, each seldom. The engine keeps few
   * bytes an entry in memory (1.3 at 150 bytes of value), and no entries but those just written: the system's page cache has them.
   */
  readonly archives?: readonly string[];
  /**
   * Families of `families` with large values (from some 10 KiB on) that are soon replaced. A value is written once, to a file beside the engine,
   * which keeps where it is. It is read as it stands there: its checksum is the caller's business.
   */
  readonly blobs?: readonly string[];
  /** Changes nothing in the folder, which must be there; writes fail. Default false. */
  readonly readOnly?: boolean;
  /** Names of the key spaces. One that is new to a folder is made; one that is missing from the list is refused. */
  readonly families: readonly string[];
}
