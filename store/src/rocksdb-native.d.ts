// The parts of rocksdb-native 3.18 that the store uses; the package has no types of its own.
declare module 'rocksdb-native' {
  interface Options {
    readonly columnFamilies: readonly (string | ColumnFamily)[];
    readonly readOnly: boolean;
    readonly walRecoveryMode: number;
    readonly maxBackgroundJobs: number;
    readonly writeBufferSize: number;
  }

  interface FamilyOptions {
    readonly writeBufferSize: number;
    readonly blockCache?: false;
    /** Must be false without a block cache. */
    readonly tableCacheIndexAndFilterBlocks?: false;
    readonly tableBlockSize?: number;
    readonly filterPolicy?: BloomFilterPolicy;
  }

  class BloomFilterPolicy {
    constructor(bitsPerKey: number);
    readonly bitsPerKey: number;
  }

  class ColumnFamily {
    constructor(name: string, options: FamilyOptions);
    readonly name: string;
  }

  interface IteratorOptions {
    readonly gt?: Uint8Array;
    readonly gte?: Uint8Array;
    readonly lt?: Uint8Array;
    readonly lte?: Uint8Array;
    readonly reverse?: boolean;
    readonly limit?: number;
    readonly capacity?: number;
  }

  interface Iterator extends AsyncIterable<{ readonly key: Buffer; readonly value: Buffer }> {
    destroy(error?: Error): void;
  }

  interface ReadBatch {
    get(key: Uint8Array): Promise<Buffer | null>;
    tryFlush(): void;
  }

  interface WriteBatch {
    /** The session whose family the next change goes to. */
    _db: RocksDB;
    tryPut(key: Uint8Array, value: Uint8Array): void;
    tryDelete(key: Uint8Array): void;
    tryDeleteRange(start: Uint8Array, end: Uint8Array): void;
    flush(): Promise<void>;
  }

  interface BatchOptions {
    readonly capacity: number;
    readonly autoDestroy: true;
  }

  class RocksDB {
    static readonly constants: {
      readonly walRecoveryMode: { readonly TOLERATE_CORRUPTED_TAIL_RECORDS: number };
    };
    static readonly ColumnFamily: typeof ColumnFamily;
    static readonly BloomFilterPolicy: typeof BloomFilterPolicy;
    constructor(path: string, options: Options);
    ready(): Promise<void>;
    close(options?: { force: boolean }): Promise<void>;
    columnFamily(name: string): RocksDB;
    snapshot(): RocksDB;
    read(options: BatchOptions): ReadBatch;
    write(options: BatchOptions): WriteBatch;
    iterator(options: IteratorOptions): Iterator;
    flush(): Promise<void>;
    /** `path` is relative to the database's folder. */
    /** Resolves when no iteration, batch or other use of the engine is under way. */
    idle(): Promise<void>;
    isIdle(): boolean;
    getProperty(name: string): Promise<unknown>;
    currentWalFile(): Promise<{ readonly path: string; readonly number: number }>;
  }

  export default RocksDB;
  export type { ColumnFamily, Iterator, WriteBatch };
}
