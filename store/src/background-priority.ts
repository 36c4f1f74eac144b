// The engine's threads that write tables yield to the others: what they do may wait, an answer may not.
import { readdir, readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';

const THREADS = '/proc/self/task';
/** Of 19, where 0 is everybody's. */
const NICE = 10;

/** For the engine's threads of this process so far. Only Linux has priorities of threads; elsewhere nothing happens. */
export async function lowerBackgroundPriority(): Promise<void> {
  const ids = await readdir(THREADS).catch(() => []);
  for (const id of ids) {
    const name = await readFile(`${THREADS}/${id}/comm`, 'utf8').catch(() => '');
    if (!name.startsWith('rocksdb:')) continue;
    try {
      setPriority(Number(id), NICE);
    } catch {
      // The thread has ended, or this system does not allow it: nothing depends on it.
    }
  }
}
