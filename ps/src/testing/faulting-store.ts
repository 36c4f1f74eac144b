// A store on disk whose process ends at a chosen write, sync or read. It knows a write by the keys that it holds.
import type { Entry, Range, Store, WriteBatch } from '@weir/store';
import { LOG, LOW_MARK_KEY, META, PAGES, ROWS } from '../server/folder/families.ts';
import { writeLate } from './bugs.ts';
import type { CrashPoint } from './crash-point.ts';
import type { Bug, StoreStep } from './fault-plan.ts';

export function faultingStore(inner: Store, crash: CrashPoint, bug: Bug | undefined): Store {
  async function* range(family: string, bounds?: Range): AsyncIterable<Entry> {
    for await (const entry of inner.range(family, bounds)) {
      crash.read();
      yield entry;
    }
  }
  const write =
    bug === 'acknowledge before the log write' ? writeLate((batch) => inner.write(batch)) : undefined;
  return {
    get: (family, key) => inner.get(family, key),
    getMany: (family, keys) => inner.getMany(family, keys),
    range,
    snapshot: () => inner.snapshot(),
    batch: () => new WatchedBatch(inner.batch(), write !== undefined),
    async write(batch) {
      if (!(batch instanceof WatchedBatch)) throw new TypeError('a batch of another store');
      crash.reached(batch.step, 'before');
      await (write ?? inner.write.bind(inner))(batch.inner);
      crash.reached(batch.step, 'after');
    },
    async sync() {
      crash.reached('sync', 'before');
      await inner.sync();
      crash.reached('sync', 'after');
    },
    async flush(families) {
      crash.reached('flush', 'before');
      await inner.flush(families);
      crash.reached('flush', 'after');
    },
    close: () => inner.close(),
  };
}

class WatchedBatch implements WriteBatch {
  readonly inner: WriteBatch;
  /** Whether keys and values are copied, because they change before the batch is written. */
  readonly #copies: boolean;
  #step: StoreStep = 'state';

  constructor(inner: WriteBatch, copies: boolean) {
    this.inner = inner;
    this.#copies = copies;
  }

  get size(): number {
    return this.inner.size;
  }

  get bytes(): number {
    return this.inner.bytes;
  }

  get step(): StoreStep {
    return this.#step;
  }

  put(family: string, key: Uint8Array, value: Uint8Array): this {
    if (family === PAGES) this.#step = 'pages';
    else if (key === LOW_MARK_KEY) this.#step = 'mark';
    else if (family === ROWS && this.#step === 'state') this.#step = 'rows';
    else if (family === LOG && this.#step === 'state') this.#step = 'push';
    else if (family === META && this.#step === 'push') this.#step = 'table';
    this.inner.put(family, this.#copied(key), this.#copied(value));
    return this;
  }

  delete(family: string, key: Uint8Array): this {
    this.inner.delete(family, this.#copied(key));
    return this;
  }

  deleteRange(family: string, gte: Uint8Array, lt: Uint8Array): this {
    this.inner.deleteRange(family, this.#copied(gte), this.#copied(lt));
    return this;
  }

  #copied(bytes: Uint8Array): Uint8Array {
    return this.#copies ? bytes.slice() : bytes;
  }
}
