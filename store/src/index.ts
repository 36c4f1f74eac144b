export { openMemoryStore } from './memory-store.ts';
export { openRocksStore } from './rocks-store.ts';
export type { Entry, Range, Store, StoreOptions, StoreReader, StoreSnapshot, WriteBatch } from './store.ts';
export { StoreError, type StoreErrorCode } from './store-error.ts';
