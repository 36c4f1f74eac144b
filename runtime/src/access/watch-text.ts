// A small file that may be replaced while the process runs, by whatever means: it is read again and again. Notifications of the file
// system do not come for all of them (a volume that is swapped under a link, a network's file system).
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FILE_POLL_MS } from '../limits.ts';

export interface TextWatcher {
  /** It has another content than at the last look, or can be read again. */
  changed(text: string): void;
  /** It cannot be read. Said once, until it can be read again. */
  failed(error: unknown): void;
}

/**
 * Until the signal aborts; never rejects.
 * @param seen the content that is known.
 */
export async function watchText(
  file: string,
  seen: string,
  signal: AbortSignal,
  watcher: TextWatcher,
): Promise<void> {
  let known: string | undefined = seen;
  let isFailing = false;
  while (!signal.aborted) {
    await sleep(FILE_POLL_MS, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const text = await readFile(file, 'utf8');
      isFailing = false;
      if (text === known) continue;
      known = text;
      watcher.changed(text);
    } catch (error) {
      if (!isFailing) watcher.failed(error);
      isFailing = true;
      known = undefined;
    }
  }
}
