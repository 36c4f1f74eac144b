// What is noted inside the services: by trainers which offsets they were told, by shards which ranges they applied.
import { appendFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Note } from './fences.ts';

const SUFFIX = '.notes';

/** In the process of a service. */
export async function takeNotes(service: string, folder: string): Promise<void> {
  const file = join(folder, `${service}-${process.pid}${SUFFIX}`);
  const note = (entry: Note): void => appendFileSync(file, `${JSON.stringify(entry)}\n`);
  if (service === 'trainer') await noteAcquired(note);
  if (service === 'ps') await noteApplied(note);
}

async function noteAcquired(note: (entry: Note) => void): Promise<void> {
  const { Sources } = await import('../../../sdk/src/sources.ts');
  const { acquire } = Sources.prototype;
  Sources.prototype.acquire = async function (generation, partitions, options) {
    const acquired = await acquire.call(this, generation, partitions, options);
    for (const { partition, offsets } of acquired) note({ kind: 'acquired', generation, partition, offsets });
    return acquired;
  };
}

/** When it stands in the log: what a kill takes from the notes, the replay brings. */
async function noteApplied(note: (entry: Note) => void): Promise<void> {
  const { SourceOffsets } = await import('../../../ps/src/core/source-offsets.ts');
  const shard = process.argv[process.argv.indexOf('--id') + 1]!;
  const { logged } = SourceOffsets.prototype;
  SourceOffsets.prototype.logged = function (changes) {
    for (const { slot, before, after } of changes) {
      if (before === undefined || after === undefined || after.applied === before.applied) continue;
      const { generation, applied: to } = after;
      note({ kind: 'applied', shard, generation, partition: slot.partition, from: before.applied, to });
    }
    logged.call(this, changes);
  };
}

/** Of all processes so far. */
export async function readNotes(folder: string): Promise<Note[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  // The last line of a process that was killed may be half a line.
  return texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => JSON.parse(line) as Note);
}
