// RocksDB as of the moment at which a snapshot was taken.
import type RocksDB from 'rocksdb-native';
import { type ReaderParts, RocksReader } from './rocks-reader.ts';
import type { StoreSnapshot } from './store.ts';
import { StoreError } from './store-error.ts';

export class RocksSnapshot extends RocksReader implements StoreSnapshot {
  readonly #session: RocksDB;
  readonly #ended: () => void;
  #closing: Promise<void> | undefined;

  constructor(session: RocksDB, parts: ReaderParts, ended: () => void) {
    super(session, parts);
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
