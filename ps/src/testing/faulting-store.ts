// A store on disk whose process ends at a chosen write, sync or read. It knows a write by what it holds.
import type { Entry, Range, Store, WriteBatch } from '@weir/store';
import { decodeLogRecord } from '../core/log-record.ts';
import { LOG, LOW_MARK_KEY, META, PAGES, ROWS, seqOfKey } from '../server/folder/families.ts';
import type { CrashPoint } from './crash-point.ts';
import type { Bug, StoreStep } from './fault-plan.ts';

export function faultingStore(inner: Store, crash: CrashPoint, bug: Bug | undefined): Store {
  async function* range(family: string, bounds?: Range): AsyncIterable<Entry> {
    for await (const entry of inner.range(family, bounds)) {
      crash.read();
      yield entry;
    }
  }
  /** The disk is behind what was acknowledged, and stays so: it takes nothing more. */
  let isBehind = false;
  return {
    get: (family, key) => inner.get(family, key),
    getMany: (family, keys) => inner.getMany(family, keys),
    range,
    snapshot: () => inner.snapshot(),
    batch: () => new WatchedBatch(inner.batch()),
    async write(batch) {
      if (!(batch instanceof WatchedBatch)) throw new TypeError('a batch of another store');
      crash.reached(batch.step, 'before');
      isBehind ||= bug === 'acknowledge before the log write' && batch.step === 'push';
      if (!isBehind) await inner.write(batch.inner);
      crash.reached(batch.step, 'after');
    },
    async sync() {
      crash.reached('sync', 'before');
      await inner.sync();
      crash.reached('sync', 'after');
    },
    async turn(queue) {
      crash.reached('flush', 'before');
      await inner.turn(queue);
      crash.reached('flush', 'after');
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
  #step: StoreStep = 'state';

  constructor(inner: WriteBatch) {
    this.inner = inner;
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
    else if (family === LOG && (this.#step === 'state' || this.#step === 'decision')) {
      this.#step = bringsRows(key, value) ? 'push' : 'decision';
    } else if (family === META && (this.#step === 'push' || this.#step === 'decision')) this.#step = 'table';
    this.inner.put(family, key, value);
    return this;
  }

  delete(family: string, key: Uint8Array): this {
    this.inner.delete(family, key);
    return this;
  }

  deleteRange(family: string, gte: Uint8Array, lt: Uint8Array): this {
    this.inner.deleteRange(family, gte, lt);
    return this;
  }
}

function bringsRows(key: Uint8Array, value: Uint8Array): boolean {
  const record = decodeLogRecord(value, seqOfKey(key));
  return record.kind === 'push' && record.parts.length > 0;
}
