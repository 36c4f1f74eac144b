// What the end of the machine leaves of a folder whose process has just died: of every log file the part that a
// completed sync covers, and nothing of a file whose name was never synced. How much of the rest happened to reach
// the disk is drawn: none, or a part of it.
// Tables and the manifest are left as they are: the engine syncs those before it relies on them.
import { readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyncNote } from '../../../ps/src/testing/sync-journal.ts';

export interface PowerCut {
  readonly filesRemoved: number;
  readonly bytesCut: number;
}

export async function cutPower(folder: string, journal: string, random: () => number): Promise<PowerCut> {
  const { bytes, names } = await readJournal(journal);
  let filesRemoved = 0;
  let bytesCut = 0;
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.log'))) {
    const path = join(folder, name);
    const { size, ino } = await stat(path);
    const synced = bytes.get(fileKey(name, ino)) ?? 0;
    if (!names.has(name) && random() < 0.5) {
      await rm(path);
      filesRemoved++;
      continue;
    }
    const kept = random() < 0.6 ? synced : synced + Math.floor(random() * (size - synced + 1));
    bytesCut += size - kept;
    await truncate(path, kept);
  }
  return { filesRemoved, bytesCut };
}

async function readJournal(
  journal: string,
): Promise<{ bytes: ReadonlyMap<string, number>; names: ReadonlySet<string> }> {
  const bytes = new Map<string, number>();
  let names = new Set<string>();
  const text = await readFile(journal, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const note = JSON.parse(line) as SyncNote;
    if ('folder' in note) names = new Set(note.names);
    else bytes.set(fileKey(note.file, note.inode), note.bytes);
  }
  return { bytes, names };
}

function fileKey(name: string, inode: number): string {
  return `${name} ${inode}`;
}
