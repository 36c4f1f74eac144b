// What the processes of a world tell each other, and the world: a file for each word, in the folder of its notes. For
// moments that somebody must wait for.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * `asleep`: a service stops now, and wakes at its worst moment. `offsets read`: its heir knows how far it was. `zombie
 * pushed`: and it was further than that.
 */
export type Word = 'asleep' | 'offsets read' | 'zombie pushed';

const LOOK_MS = 10;
/** A word that is not said in this time is never said. */
const TIMEOUT_MS = 60_000;

/** At once, also when the process ends or stops right after it. */
export function say(folder: string, word: Word): void {
  const file = join(folder, word);
  writeFileSync(`${file}.new`, `${process.pid}`);
  renameSync(`${file}.new`, file);
}

/** Process that said it last. */
export function saidBy(folder: string, word: Word): number | undefined {
  const file = join(folder, word);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}

/** @throws when nobody says it. */
export async function untilSaid(folder: string, word: Word): Promise<void> {
  for (const endMs = performance.now() + TIMEOUT_MS; saidBy(folder, word) === undefined; ) {
    if (performance.now() > endMs) throw new Error(`nobody said '${word}' within ${TIMEOUT_MS} ms`);
    await sleep(LOOK_MS);
  }
}
