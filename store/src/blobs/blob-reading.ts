// Reads values out of blob files, for one iteration or look-up: files stay open until it ends.
import { type FileHandle, open } from 'node:fs/promises';
import { BLOB_READ_BYTES } from '../limits.ts';
import type { Entry } from '../store.ts';
import { StoreError } from '../store-error.ts';
import { type BlobFiles, isMissing } from './blob-files.ts';
import { alignedBytes, type BlobRef, decodeBlobRef } from './blob-ref.ts';

export class BlobReading {
  readonly #files: BlobFiles;
  readonly #handles = new Map<number, Promise<FileHandle>>();

  constructor(files: BlobFiles) {
    this.#files = files;
  }

  /** The entries with their values, which are read ahead of who takes them. */
  async *entries(entries: AsyncIterable<Entry>): AsyncGenerator<Entry> {
    const iterator = entries[Symbol.asyncIterator]();
    let next = this.#group(iterator);
    try {
      for (;;) {
        const group = await next;
        if (group.length === 0) return;
        next = this.#group(iterator);
        // Its failure is met when its turn comes, if ever.
        next.catch(() => undefined);
        yield* group;
      }
    } finally {
      await next.catch(() => undefined);
      await iterator.return?.();
    }
  }

  /** What stands for these in the engine, or what they refer to. @throws StoreError CORRUPT, FAILED. */
  async values(stored: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const refs = stored.map(decodeBlobRef);
    const values = await Promise.all(runs(refs).map((run) => this.#readRun(run)));
    const read = values.flat().values();
    return stored.map((value, i) => (refs[i] === undefined ? value : read.next().value!));
  }

  async close(): Promise<void> {
    const handles = await Promise.allSettled(this.#handles.values());
    await Promise.all(handles.map((opened) => opened.status === 'fulfilled' && opened.value.close()));
  }

  /** The entries that come next, of some size; none at the end. */
  async #group(iterator: AsyncIterator<Entry>): Promise<Entry[]> {
    const group: Entry[] = [];
    let bytes = 0;
    while (bytes < BLOB_READ_BYTES) {
      const { done, value: entry } = await iterator.next();
      if (done === true) break;
      group.push(entry);
      bytes += decodeBlobRef(entry.value)?.bytes ?? entry.value.byteLength;
    }
    const values = await this.values(group.map(({ value }) => value));
    return group.map(({ key }, i) => ({ key, value: values[i]! }));
  }

  /** Values that stand one behind the other, in one read. */
  async #readRun(run: readonly BlobRef[]): Promise<Uint8Array[]> {
    const first = run[0]!;
    const last = run.at(-1)!;
    const buffer = Buffer.allocUnsafeSlow(last.at + last.bytes - first.at);
    const path = this.#files.pathOf(first.file);
    try {
      const handle = await this.#open(first.file);
      for (let done = 0; done < buffer.length; ) {
        const { bytesRead } = await handle.read(buffer, done, buffer.length - done, first.at + done);
        if (bytesRead === 0) throw damaged(path, `ends before byte ${first.at + buffer.length}`);
        done += bytesRead;
      }
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (isMissing(error)) throw damaged(path, 'is missing', error);
      throw new StoreError('FAILED', `cannot read ${path}: ${String(error)}`, error);
    }
    return run.map(({ at, bytes }) => buffer.subarray(at - first.at, at - first.at + bytes));
  }

  #open(file: number): Promise<FileHandle> {
    let handle = this.#handles.get(file);
    if (handle === undefined) {
      handle = open(this.#files.pathOf(file), 'r');
      this.#handles.set(file, handle);
    }
    return handle;
  }
}

function runs(refs: readonly (BlobRef | undefined)[]): BlobRef[][] {
  const all: BlobRef[][] = [];
  for (const ref of refs) {
    if (ref === undefined) continue;
    const before = all.at(-1)?.at(-1);
    const follows = before?.file === ref.file && before.at + alignedBytes(before.bytes) === ref.at;
    if (follows) all.at(-1)!.push(ref);
    else all.push([ref]);
  }
  return all;
}

function damaged(path: string, what: string, cause?: unknown): StoreError {
  return new StoreError('CORRUPT', `${path} ${what}; restore the folder from a copy`, cause);
}
