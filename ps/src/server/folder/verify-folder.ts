// The offline check of a shard's folder. Changes nothing.
import { readdir } from 'node:fs/promises';
import { WeirError } from '@weir/proto';
import { openRocksStore, type Store } from '@weir/store';
import { checkGroups } from '../groups/group-check.ts';
import { STORE_OPTIONS } from './families.ts';
import { FolderCheck } from './folder-check.ts';
import { folderError } from './open-folder.ts';
import type { VerifyReport } from './verify-report.ts';

/** @param progress told the bytes read so far, now and then. */
export async function verifyFolder(
  folder: string,
  progress: (bytes: number) => void = () => undefined,
): Promise<VerifyReport> {
  if (!(await isDatabase(folder))) {
    throw new WeirError('CONFIGURATION', `${folder} is no shard's folder: it has no file CURRENT`);
  }
  const check = new FolderCheck(progress);
  let store: Store;
  try {
    store = await openRocksStore(folder, { ...STORE_OPTIONS, readOnly: true });
  } catch (error) {
    // What the engine finds in its own files while it opens them: a damaged log or manifest.
    const failure = WeirError.from(folderError(folder, error));
    if (failure.code !== 'CORRUPT') throw failure;
    check.problem('the folder', failure.message);
    return check.report();
  }
  try {
    await check.run(store);
    await checkGroups(folder, check);
  } finally {
    await store.close();
  }
  return check.report();
}

async function isDatabase(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('CONFIGURATION', `${folder} cannot be read: ${why}`, { cause });
  });
  return names.includes('CURRENT');
}
