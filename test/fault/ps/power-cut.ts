// What the end of the machine leaves of a folder whose process has just died: of every log file and blob file the part that a
// completed sync covers, and nothing of a file whose name was never synced. How much of the rest happened to reach
// the disk is drawn: none, or a part of it.
// The engine's own syncs are native and not noted. Tables and the manifest are left as they are: it syncs them before
// it relies on them. Before a flush enters the manifest, it has synced the log files that were closed until then,
// and the folder (seen with strace): so a log counts as synced when it was closed before the manifest was last written.
import { readdir, readFile, realpath, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyncNote } from '../../../ps/src/testing/sync-journal.ts';

export interface PowerCut {
  readonly filesRemoved: number;
  readonly bytesCut: number;
}

export async function cutPower(folder: string, journal: string, random: () => number): Promise<PowerCut> {
  const { bytes, namesIn } = await readJournal(journal);
  const names = namesIn(await realpath(folder));
  const files = await readdir(folder);
  const manifests = files.filter((name) => name.startsWith('MANIFEST-'));
  const written = await Promise.all(manifests.map(async (name) => (await stat(join(folder, name))).mtimeMs));
  const manifestMs = Math.max(...written);
  const logs = files.filter((name) => name.endsWith('.log')).sort();
  const stats = await Promise.all(logs.map((name) => stat(join(folder, name))));
  let filesRemoved = 0;
  let bytesCut = 0;
  const cut = async (path: string, size: number, synced: number): Promise<void> => {
    const kept = random() < 0.6 ? synced : synced + Math.floor(random() * (size - synced + 1));
    bytesCut += size - kept;
    await truncate(path, kept);
  };
  for (const [i, name] of logs.entries()) {
    const path = join(folder, name);
    const { size, ino, birthtimeMs } = stats[i]!;
    const closedMs = stats[i + 1]?.birthtimeMs;
    if (closedMs !== undefined && closedMs <= manifestMs) continue;
    if (!names.has(name) && birthtimeMs > manifestMs && random() < 0.5) {
      await rm(path);
      filesRemoved++;
      continue;
    }
    await cut(path, size, bytes.get(fileKey(name, ino)) ?? 0);
  }
  const blobs = join(folder, 'blobs');
  const namesOfBlobs = namesIn(join(await realpath(folder), 'blobs'));
  for (const name of await readdir(blobs).catch(() => [])) {
    const path = join(blobs, name);
    const { size, ino } = await stat(path);
    if (namesOfBlobs.has(name) || random() < 0.5) await cut(path, size, bytes.get(fileKey(name, ino)) ?? 0);
    else {
      await rm(path);
      filesRemoved++;
    }
  }
  return { filesRemoved, bytesCut };
}

interface Journal {
  readonly bytes: ReadonlyMap<string, number>;
  /** Names in a folder that survive. */
  namesIn(folder: string): ReadonlySet<string>;
}

async function readJournal(journal: string): Promise<Journal> {
  const bytes = new Map<string, number>();
  const names = new Map<string, ReadonlySet<string>>();
  const text = await readFile(journal, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const note = JSON.parse(line) as SyncNote;
    if ('folder' in note) names.set(note.folder, new Set(note.names));
    else bytes.set(fileKey(note.file, note.inode), note.bytes);
  }
  return { bytes, namesIn: (folder) => names.get(folder) ?? new Set() };
}

function fileKey(name: string, inode: number): string {
  return `${name} ${inode}`;
}
