// Group commit: changes that wait while one batch is under way go to the store together.
// Holds: one batch is in flight; changes become durable in the order of their calls; a refused batch is repeated
// unchanged, since offsets and sequences behind it are given out, and until it is through new changes are refused.
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { Store, WriteBatch } from '@weir/store';
import { GROUP_BYTES_MAX, OVERLOADED_RETRY_MS, STORE_RETRY_MS, WAITING_BYTES_MAX } from '../limits.ts';

/** `process`: acknowledged records survive kill -9. `machine`: they survive power loss as well. */
export type Durability = 'process' | 'machine';

export interface Change {
  /** What it holds in memory while it waits. */
  readonly bytes: number;
  write(batch: WriteBatch): void;
  /** Called once the change is durable, before its commit resolves. */
  durable?(): void;
}

interface Group {
  readonly changes: Change[];
  bytes: number;
  readonly done: PromiseWithResolvers<void>;
}

export class CommitQueue {
  readonly #store: Store;
  readonly #durability: Durability;
  readonly #groups: Group[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #refused: unknown;
  #closed = false;

  constructor(store: Store, durability: Durability) {
    this.#store = store;
    this.#durability = durability;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Throws if a change of this size cannot be taken now: call it before anything is given out. */
  checkRoom(bytes: number): void {
    if (this.#closed) throw new WeirError('UNAVAILABLE', 'the streams server is stopping');
    if (this.#refused !== undefined) throw storageFailed(this.#refused);
    if (this.#waitingBytes + bytes > WAITING_BYTES_MAX && this.#waitingBytes > 0) {
      throw new WeirError(
        'OVERLOADED',
        `${this.#waitingBytes} bytes of appends wait for the store, ${WAITING_BYTES_MAX} may`,
        { retryAfterMs: OVERLOADED_RETRY_MS },
      );
    }
  }

  commit(change: Change): Promise<void> {
    this.checkRoom(change.bytes);
    let group = this.#groups.at(-1);
    if (group === undefined || group.bytes > GROUP_BYTES_MAX) {
      group = { changes: [], bytes: 0, done: Promise.withResolvers() };
      this.#groups.push(group);
    }
    group.changes.push(change);
    group.bytes += change.bytes;
    this.#waitingBytes += change.bytes;
    this.#running ??= this.#run();
    return group.done.promise;
  }

  /** Refuses changes from now on and waits for those under way, unless the store refuses them. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // What arrives in this turn of the event loop forms the first group.
    await turn();
    for (let group = this.#groups.shift(); group !== undefined; group = this.#groups.shift()) {
      const error = await this.#writeUntilTaken(group);
      this.#waitingBytes -= group.bytes;
      if (error === undefined) {
        for (const change of group.changes) change.durable?.();
        group.done.resolve();
      } else {
        group.done.reject(error);
      }
    }
    this.#running = undefined;
  }

  /** Undefined once the group is durable; an error if the store still refuses it at the close. */
  async #writeUntilTaken(group: Group): Promise<WeirError | undefined> {
    for (;;) {
      try {
        const batch = this.#store.batch();
        for (const change of group.changes) change.write(batch);
        await this.#store.write(batch);
        if (this.#durability === 'machine') await this.#store.sync();
        this.#refused = undefined;
        return undefined;
      } catch (error) {
        if (this.#closed) return storageFailed(error);
        this.#refused = error;
        await sleep(STORE_RETRY_MS);
      }
    }
  }
}

function storageFailed(cause: unknown): WeirError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WeirError('STORAGE_FAILED', `the streams' store refuses writes: ${reason}`, { cause });
}
