// The store of a shard's folder, with errors that say what an operator can do.
import { WeirError } from '@weir/proto';
import { openRocksStore, type Store, StoreError } from '@weir/store';
import { STORE_OPTIONS } from './families.ts';

/** @throws WeirError CONFIGURATION (in use, no usable folder), CORRUPT, STORAGE_FAILED. */
export async function openFolder(folder: string): Promise<Store> {
  try {
    return await openRocksStore(folder, STORE_OPTIONS);
  } catch (error) {
    throw folderError(folder, error);
  }
}

/** What an error of the store means to whoever starts the shard; other errors pass unchanged. */
export function folderError(folder: string, error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const details = { cause: error };
  switch (error.code) {
    case 'LOCKED': {
      const message = `${folder} is in use by another process; stop it, or choose another folder with --data`;
      return new WeirError('CONFIGURATION', message, details);
    }
    case 'CORRUPT': {
      return new WeirError('CORRUPT', `${folder} is damaged: ${error.message}`, details);
    }
    case 'LIBRARY_MISSING':
      return new WeirError('CONFIGURATION', error.message, details);
    case 'FAILED':
      return new WeirError('STORAGE_FAILED', `${folder}: ${error.message}`, details);
  }
}
