// Makes versions of one group durable, in their order; those that wait together are written together. While the disk refuses
// they are tried again, and nobody is answered.
import { setTimeout as delay } from 'node:timers/promises';
import type { Runtime } from '@weir/runtime';
import type { PersistEffect } from '../../core/group-events.ts';
import { STORAGE_RETRY_MAX_MS, STORAGE_RETRY_MIN_MS } from '../../limits.ts';
import type { GroupCounters } from './group-counters.ts';
import type { GroupStore } from './group-store.ts';

export interface WriterParts {
  readonly store: GroupStore;
  readonly counters: GroupCounters;
  readonly logger: Runtime['log'];
}

export class GroupWriter {
  readonly #group: string;
  readonly #parts: WriterParts;
  readonly #persisted: (version: number) => void;
  readonly #unwritten: PersistEffect[] = [];
  #writing = false;
  #stopped = false;

  /** @param persisted is told the newest version that is durable. */
  constructor(group: string, parts: WriterParts, persisted: (version: number) => void) {
    this.#group = group;
    this.#parts = parts;
    this.#persisted = persisted;
  }

  /** Of results that are not durable yet. */
  get bytes(): number {
    return this.#unwritten.reduce((sum, { result }) => sum + (result?.head.bytes ?? 0), 0);
  }

  add(version: PersistEffect): void {
    this.#unwritten.push(version);
    if (!this.#writing) void this.#write();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #write(): Promise<void> {
    const { store, counters, logger } = this.#parts;
    this.#writing = true;
    // What is decided in the same step goes into the same write.
    await Promise.resolve();
    let pauseMs = STORAGE_RETRY_MIN_MS;
    while (this.#unwritten.length > 0 && !this.#stopped) {
      const versions = [...this.#unwritten];
      try {
        await store.write(this.#group, versions);
      } catch (error) {
        counters.storageFailures++;
        logger.warn({ err: error, group: this.#group }, 'the disk refuses what a group has decided');
        await delay(pauseMs);
        pauseMs = Math.min(2 * pauseMs, STORAGE_RETRY_MAX_MS);
        continue;
      }
      this.#unwritten.splice(0, versions.length);
      pauseMs = STORAGE_RETRY_MIN_MS;
      if (!this.#stopped) this.#persisted(versions.at(-1)!.version);
    }
    this.#writing = false;
  }
}
