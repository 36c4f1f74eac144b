// The offline check of what a shard stores about groups. Changes nothing.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '@weir/proto';
import { openRocksStore, type Store } from '@weir/store';
import type { FolderCheck } from '../folder/folder-check.ts';
import { folderError } from '../folder/open-folder.ts';
import { GROUP_FAMILIES, GROUPS_FOLDER, GroupStore } from './group-store.ts';

/** @param folder the shard's. */
export async function checkGroups(folder: string, check: FolderCheck): Promise<void> {
  const own = join(folder, GROUPS_FOLDER);
  // A folder that no shard with groups has opened yet.
  const files = await readdir(own).catch((): string[] => []);
  if (!files.includes('CURRENT')) return;
  let store: Store;
  try {
    store = await openRocksStore(own, { families: GROUP_FAMILIES, readOnly: true });
  } catch (error) {
    const failure = WeirError.from(folderError(own, error));
    if (failure.code !== 'CORRUPT') throw failure;
    check.problem('the groups', failure.message);
    return;
  }
  const groups = new GroupStore(store);
  try {
    for (const name of await groups.names()) {
      try {
        const { results } = await groups.group(name);
        for (const { step } of results) for await (const _ of groups.read(name, step));
      } catch (error) {
        check.problem(`group ${name}`, WeirError.from(error).message);
      }
    }
  } finally {
    await store.close();
  }
}
