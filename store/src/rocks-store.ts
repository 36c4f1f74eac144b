// The store on disk: RocksDB.
import type { Store, StoreOptions } from './store.ts';
import { StoreError } from './store-error.ts';

/** Opens the folder, which is made if it is missing. */
export async function openRocksStore(path: string, _options: StoreOptions): Promise<Store> {
  throw new StoreError('FAILED', `cannot open ${path}: not built yet`);
}
