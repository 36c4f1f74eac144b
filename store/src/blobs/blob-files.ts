// Files of values beside the engine: written from the beginning to the end, never changed, removed as a whole.
// Holds: what `append` has returned survives power loss, the names of its file and folder too. A number is never used twice. After a write
// that failed its file gets no more: what the system then says of it is not to be trusted.
import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BLOB_WRITE_BYTES } from '../limits.ts';
import { StoreError } from '../store-error.ts';
import { alignedBytes, type BlobRef } from './blob-ref.ts';

const SUFFIX = '.blob';

export class BlobFiles {
  readonly #folder: string;
  readonly #fileBytes: number;
  #current: { readonly file: number; readonly handle: FileHandle; bytes: number } | undefined;
  #lastFile = 0;

  /** @param fileBytes after so many the next file is begun. */
  constructor(folder: string, fileBytes: number) {
    this.#folder = folder;
    this.#fileBytes = fileBytes;
  }

  /** The file that the next value may go to. */
  get current(): number | undefined {
    return this.#current?.file;
  }

  /** Files so far, or more: the next one has a higher number. */
  used(file: number): void {
    this.#lastFile = Math.max(this.#lastFile, file);
  }

  pathOf(file: number): string {
    return join(this.#folder, `${String(file).padStart(6, '0')}${SUFFIX}`);
  }

  /** Bytes of each file. */
  async sizes(): Promise<Map<number, number>> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw refused('read', this.#folder, error);
    });
    const files = names.filter((name) => name.endsWith(SUFFIX)).map((name) => Number.parseInt(name, 10));
    const sizes = await Promise.all(files.map(async (file) => (await stat(this.pathOf(file))).size));
    return new Map(files.map((file, i) => [file, sizes[i]!]));
  }

  /** Calls must not overlap. @throws StoreError FAILED. */
  async append(values: readonly Uint8Array[]): Promise<BlobRef[]> {
    this.#current ??= await this.#begin();
    const current = this.#current;
    const refs = values.map((value) => {
      const ref = { file: current.file, at: current.bytes, bytes: value.byteLength };
      current.bytes += alignedBytes(value.byteLength);
      return ref;
    });
    try {
      for (const piece of pieces(refs)) {
        const buffers = piece.flatMap((i) => [values[i]!, PADDING[paddingOf(values[i]!)]!]);
        await writeAll(current.handle, buffers, refs[piece[0]!]!.at);
      }
      await current.handle.datasync();
    } catch (error) {
      await this.#leave();
      throw refused('write', this.pathOf(current.file), error);
    }
    if (current.bytes >= this.#fileBytes) await this.#leave();
    return refs;
  }

  async remove(file: number): Promise<void> {
    try {
      await rm(this.pathOf(file), { force: true });
    } catch (error) {
      throw refused('remove', this.pathOf(file), error);
    }
  }

  async close(): Promise<void> {
    await this.#leave();
  }

  async #begin() {
    const file = this.#lastFile + 1;
    try {
      const made = await mkdir(this.#folder, { recursive: true });
      if (made !== undefined) await syncFolder(dirname(made));
      const handle = await open(this.pathOf(file), 'wx');
      this.#lastFile = file;
      await syncFolder(this.#folder);
      return { file, handle, bytes: 0 };
    } catch (error) {
      throw refused('make', this.pathOf(file), error);
    }
  }

  async #leave(): Promise<void> {
    const handle = this.#current?.handle;
    this.#current = undefined;
    await handle?.close();
  }
}

const PADDING = Array.from({ length: 8 }, (_, bytes) => new Uint8Array(bytes));

function paddingOf(value: Uint8Array): number {
  return alignedBytes(value.byteLength) - value.byteLength;
}

/** Indexes of values that one call of the system writes: it holds up a thread, and a processor, until it is done. */
function* pieces(refs: readonly BlobRef[]): Iterable<number[]> {
  let piece: number[] = [];
  let bytes = 0;
  for (const [i, ref] of refs.entries()) {
    piece.push(i);
    bytes += ref.bytes;
    if (bytes < BLOB_WRITE_BYTES && i < refs.length - 1) continue;
    yield piece;
    piece = [];
    bytes = 0;
  }
}

/** All of it: a nearly full volume may take a part, and no error. */
async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[], at: number): Promise<void> {
  const bytes = buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
  const { bytesWritten } = await handle.writev(buffers, at);
  if (bytesWritten === bytes) return;
  const rest = Buffer.concat(buffers).subarray(bytesWritten);
  for (let done = 0; done < rest.length; ) {
    done += (await handle.write(rest, done, rest.length - done, at + bytesWritten + done)).bytesWritten;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function refused(doing: string, path: string, error: unknown): StoreError {
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  const why = full ? 'no space is left on the volume' : String(error);
  return new StoreError('FAILED', `cannot ${doing} ${path}: ${why}`, error);
}
