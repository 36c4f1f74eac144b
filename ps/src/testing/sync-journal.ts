// Notes what a power cut would leave of the files that this process syncs itself: the write-ahead logs. It stands
// between Node and the system, so it sees the calls that are really made, not those that are meant.
// The engine's own syncs, of tables and of its manifest, are native and pass unseen.
import { appendFileSync, fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';

/** A completed sync: so many bytes of a file were in it before the sync began, or these names in its folder. */
export type SyncNote =
  | { readonly file: string; readonly inode: number; readonly bytes: number }
  | { readonly folder: string; readonly names: readonly string[] };

/**
 * From now on every completed datasync of a file, and sync of a folder, is a line of JSON in `journal`. @param unsynced endings of the
 * names of files that are not synced, though it is said that they were.
 */
export async function keepSyncJournal(journal: string, unsynced: readonly string[] = []): Promise<void> {
  const handle = await open(journal, 'a');
  // Handles have no exported class; every one has this prototype.
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  for (const method of ['datasync', 'sync'] as const) {
    const original = prototype[method];
    prototype[method] = async function noted(this: typeof handle): Promise<void> {
      const note = noteOf(this.fd);
      if ('file' in note && unsynced.some((ending) => note.file.endsWith(ending))) return;
      await original.call(this);
      appendFileSync(journal, `${JSON.stringify(note)}\n`);
    };
  }
}

function noteOf(fd: number): SyncNote {
  const stat = fstatSync(fd);
  const path = readlinkSync(`/proc/self/fd/${fd}`);
  if (stat.isDirectory()) return { folder: path, names: readdirSync(path) };
  return { file: basename(path), inode: stat.ino, bytes: stat.size };
}
