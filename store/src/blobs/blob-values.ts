// Values of some families apart from their keys (Lu et al., WiscKey, FAST 2016): a value goes to a blob file, once, and the engine
// keeps where it is. So it passes neither the engine's log nor its memory tables, flushes and compactions.
// Holds: what touches these families happens one after the other. A reference is written to the engine when its value is on the disk, and
// a file goes when the engine has no reference to it any more, not even after power loss.
import { BLOB_FILE_BYTES, BLOB_READ_BYTES } from '../limits.ts';
import type { Operation } from '../operations.ts';
import type { Entry } from '../store.ts';
import { BlobFiles } from './blob-files.ts';
import { BlobReading } from './blob-reading.ts';
import { decodeBlobRef, encodeBlobRef } from './blob-ref.ts';
import { worthless } from './blob-space.ts';

/** What is needed of the engine. */
export interface BlobEngine {
  /** Entries as they stand there. */
  entries(family: string): AsyncIterable<Entry>;
  commit(operations: readonly Operation[]): Promise<void>;
}

interface Put {
  readonly family: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export class BlobValues {
  readonly #families: ReadonlySet<string>;
  readonly #engine: BlobEngine;
  readonly #files: BlobFiles;
  readonly #fileBytes: number;
  #begun = false;
  #last: Promise<void> = Promise.resolve();
  #readers = 0;

  /** @param folder made when the first value comes. @param fileBytes after so many the next file is begun. */
  constructor(
    folder: string,
    families: readonly string[],
    engine: BlobEngine,
    fileBytes: number = BLOB_FILE_BYTES,
  ) {
    this.#files = new BlobFiles(folder, fileBytes);
    this.#fileBytes = fileBytes;
    this.#families = new Set(families);
    this.#engine = engine;
  }

  has(family: string): boolean {
    return this.#families.has(family);
  }

  /** Atomic, as any write. */
  write(operations: readonly Operation[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#begin();
      await this.#engine.commit(await this.#withRefs(operations));
    });
  }

  /** Gives space back. @param flush has to make the engine's references survive power loss. */
  tidy(flush: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      await this.#begin();
      await flush();
      const sizes = await this.#files.sizes();
      if (this.#files.current !== undefined) sizes.delete(this.#files.current);
      // Who reads since before this may come to what is not referred to any more.
      if (sizes.size === 0 || this.#readers > 0) return;
      const { dead, sparse } = worthless(sizes, await this.#liveBytes(), this.#fileBytes);
      for (const file of dead) await this.#files.remove(file);
      if (sparse.size > 0) await this.#writeAnew(sparse);
    });
  }

  /** Files stay until what it returns is called. */
  hold(): () => void {
    this.#readers++;
    return () => {
      this.#readers--;
    };
  }

  /** The entries with their values. */
  async *entries(entries: AsyncIterable<Entry>): AsyncGenerator<Entry> {
    const reading = new BlobReading(this.#files);
    const letGo = this.hold();
    try {
      yield* reading.entries(entries);
    } finally {
      await reading.close();
      letGo();
    }
  }

  async values(stored: readonly (Uint8Array | undefined)[]): Promise<(Uint8Array | undefined)[]> {
    const reading = new BlobReading(this.#files);
    try {
      const there = await reading.values(stored.filter((value) => value !== undefined));
      const values = there.values();
      return stored.map((value) => value && values.next().value);
    } finally {
      await reading.close();
    }
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#inTurn(() => this.#files.close());
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** A number that anything refers to is used, whether its file is there or not. */
  async #begin(): Promise<void> {
    if (this.#begun) return;
    for (const file of (await this.#liveBytes()).keys()) this.#files.used(file);
    for (const file of (await this.#files.sizes()).keys()) this.#files.used(file);
    this.#begun = true;
  }

  async #withRefs(operations: readonly Operation[]): Promise<readonly Operation[]> {
    const isBlob = (operation: Operation): operation is Put & { kind: 'put' } =>
      operation.kind === 'put' && this.has(operation.family);
    const puts = operations.filter(isBlob);
    if (puts.length === 0) return operations;
    const refs = (await this.#files.append(puts.map(({ value }) => value))).values();
    return operations.map((operation) =>
      isBlob(operation) ? { ...operation, value: encodeBlobRef(refs.next().value!) } : operation,
    );
  }

  /** Of each file, bytes that are referred to. */
  async #liveBytes(): Promise<Map<number, number>> {
    const live = new Map<number, number>();
    for (const family of this.#families) {
      for await (const { value } of this.#engine.entries(family)) {
        const ref = decodeBlobRef(value);
        if (ref !== undefined) live.set(ref.file, (live.get(ref.file) ?? 0) + ref.bytes);
      }
    }
    return live;
  }

  /** What is still referred to in these files. They go the next time. */
  async #writeAnew(files: ReadonlySet<number>): Promise<void> {
    let puts: Put[] = [];
    let bytes = 0;
    const write = async (): Promise<void> => {
      const values = await this.values(puts.map(({ value }) => value));
      const operations = puts.map((put, i) => ({ kind: 'put', ...put, value: values[i]! }) as const);
      await this.#engine.commit(await this.#withRefs(operations));
      [puts, bytes] = [[], 0];
    };
    for (const family of this.#families) {
      for await (const { key, value } of this.#engine.entries(family)) {
        const ref = decodeBlobRef(value);
        if (ref === undefined || !files.has(ref.file)) continue;
        puts.push({ family, key, value });
        bytes += ref.bytes;
        if (bytes >= BLOB_READ_BYTES) await write();
      }
    }
    if (puts.length > 0) await write();
  }
}
