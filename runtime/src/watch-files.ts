// Small files that may be replaced while the process runs, by whatever means: they are read again and again. Notifications of the
// file system do not come for all of them (a volume that is swapped under a link, a network's file system). Files that belong
// together are seldom replaced in one instant, nor is one written in one: what cannot be used is told when it is found twice.
import { setTimeout as sleep } from 'node:timers/promises';

/** @typeParam Content of the files, a value of JSON. */
export interface WatchedFiles<Content> {
  /** @throws what makes them unreadable. */
  read(): Content | Promise<Content>;
  /**
   * Content other than what was taken last; the same again after `refused`.
   * @throws what makes it unusable.
   */
  take(content: Content): void;
  /** They cannot be read, or not be used. Told once for the same content. */
  refused(error: unknown): void;
}

/** Of files that cannot be read; no content is this in JSON. */
const UNREADABLE = '';

/**
 * Until the signal aborts; never rejects.
 * @param seen the content that is known.
 */
export async function watchFiles<Content>(
  files: WatchedFiles<Content>,
  seen: Content,
  pollMs: number,
  signal: AbortSignal,
): Promise<void> {
  let taken = JSON.stringify(seen);
  let doubtful: string | undefined;
  let refused: string | undefined;
  while (!signal.aborted) {
    await sleep(pollMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    let found = UNREADABLE;
    try {
      const content = await files.read();
      found = JSON.stringify(content);
      if (found === taken && refused === undefined) continue;
      files.take(content);
      taken = found;
      doubtful = refused = undefined;
    } catch (error) {
      if (found === doubtful && found !== refused) {
        refused = found;
        files.refused(error);
      }
      doubtful = found;
    }
  }
}
