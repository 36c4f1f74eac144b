// Makes the write-ahead log survive power loss: group commit on top of an engine without a synced write.
// Holds: when `sync` resolves, every log file that held a byte before the call is on the disk, or has vanished
// because its content was flushed to (synced) tables.
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The file that new writes go to. */
export interface WalFile {
  readonly number: number;
}

/** What one call did, by file number. */
export interface WalSyncReport {
  readonly files: readonly number[];
  readonly directory: boolean;
}

export class WalSync {
  readonly #folder: string;
  readonly #current: () => Promise<WalFile>;
  /** The newest file at the last call, kept open: it may have grown since, and may lose its name. */
  #last: { readonly number: number; readonly handle: FileHandle } | undefined;

  constructor(folder: string, current: () => Promise<WalFile>) {
    this.#folder = folder;
    this.#current = current;
  }

  /** Calls must not overlap. */
  async sync(): Promise<WalSyncReport> {
    const current = await this.#current();
    const files: number[] = [];
    if (this.#last !== undefined) {
      await this.#last.handle.datasync();
      files.push(this.#last.number);
      if (this.#last.number === current.number) return { files, directory: false };
    }
    const from = this.#last === undefined ? 0 : this.#last.number + 1;
    for (const number of await this.#numbers(from, current.number)) {
      const handle = await openIfThere(this.#path(number));
      if (handle === undefined) continue;
      await datasynced(handle);
      files.push(number);
      await this.#keepNewest(number, handle);
    }
    const directory = await open(this.#folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    return { files, directory: true };
  }

  async close(): Promise<void> {
    await this.#last?.handle.close();
    this.#last = undefined;
  }

  async #keepNewest(number: number, handle: FileHandle): Promise<void> {
    await this.#last?.handle.close();
    this.#last = { number, handle };
  }

  async #numbers(from: number, to: number): Promise<number[]> {
    const names = await readdir(this.#folder);
    return names
      .filter((name) => name.endsWith('.log'))
      .map((name) => Number.parseInt(name, 10))
      .filter((number) => number >= from && number <= to)
      .sort((a, b) => a - b);
  }

  #path(number: number): string {
    return join(this.#folder, `${String(number).padStart(6, '0')}.log`);
  }
}

async function datasynced(handle: FileHandle): Promise<void> {
  try {
    await handle.datasync();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
