// What a trainer notes: which offsets it was told, and which ranges all shards have acknowledged to it.
import { appendFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Note } from './fences.ts';

const SUFFIX = '.notes';

/** In the trainer's process. */
export async function takeNotes(folder: string): Promise<void> {
  const [{ Sources }, { Weir }] = await Promise.all([
    import('../../../sdk/src/sources.ts'),
    import('../../../sdk/src/weir.ts'),
  ]);
  const file = join(folder, `${process.pid}${SUFFIX}`);
  const note = (entry: Note): void => appendFileSync(file, `${JSON.stringify(entry)}\n`);
  const { acquire } = Sources.prototype;
  Sources.prototype.acquire = async function (generation, partitions, options) {
    const acquired = await acquire.call(this, generation, partitions, options);
    for (const { partition, offsets } of acquired) note({ kind: 'acquired', generation, partition, offsets });
    return acquired;
  };
  const { push } = Weir.prototype;
  Weir.prototype.push = async function (parts, options) {
    const result = await push.call(this, parts, options);
    if (options?.sources !== undefined) {
      const { generation, ranges } = options.sources;
      for (const { partition, from, to } of ranges)
        note({ kind: 'applied', generation, partition, from, to });
    }
    return result;
  };
}

/** Of all trainers so far. */
export async function readNotes(folder: string): Promise<Note[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  // The last line of a process that was killed may be half a line.
  return texts.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => JSON.parse(line) as Note);
}
