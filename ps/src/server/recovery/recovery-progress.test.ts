// Recovery as it is seen from outside: what it says of itself, and that it ends when it is asked to.
import { setTimeout as delay } from 'node:timers/promises';
import { ValueEncoding } from '@weir/proto/v1/common';
import { openMemoryStore, type Store } from '@weir/store';
import { describe, expect, it } from 'vitest';
import { routingTableOf } from '../../core/routing.ts';
import { ONE_SHARD, openTestShardOnly, SILENT, silentLogger } from '../../testing/in-process.ts';
import { keyBytes, sumTable } from '../../testing/raw-client.ts';
import { FAMILIES } from '../folder/families.ts';
import { openShard } from '../shard.ts';
import { RecoveryProgress } from './recovery-progress.ts';

const PUSHES = 20;

/** A folder with pages of 20 pushes and a log of 20 more. */
async function filledStore(): Promise<Store> {
  const store = openMemoryStore({ families: FAMILIES });
  const shard = await openTestShardOnly({ store });
  const spec = sumTable('sum', 1);
  await shard.tableAdmin.create(spec);
  for (let number = 1; number <= 2 * PUSHES; number++) {
    const values = new Uint8Array(8 * 4);
    const keys = Array.from({ length: 8 }, (_, i) => BigInt(number * 8 + i));
    const part = { tableUid: spec.uid, keys: keyBytes(keys), values, encoding: ValueEncoding.F32 };
    const push = { number, originTimeMs: 0, sources: [], parts: [part], bytes: 0, error: undefined };
    await new Promise((done) => shard.pipeline.submit({ id: 'c', incarnation: 'i' }, push, done));
    if (number === PUSHES) await shard.materialiser.round();
  }
  await shard.stop();
  return store;
}

/** The store, with a look at every entry that a range brings. */
function watched(store: Store, look: (family: string) => Promise<void> | void): Store {
  return {
    get: (family, key) => store.get(family, key),
    getMany: (family, keys) => store.getMany(family, keys),
    batch: () => store.batch(),
    write: (batch) => store.write(batch),
    snapshot: () => store.snapshot(),
    turn: (queue) => store.turn(queue),
    sync: () => store.sync(),
    flush: (families) => store.flush(families),
    close: () => store.close(),
    async *range(family, range) {
      for await (const entry of store.range(family, range)) {
        await look(family);
        yield entry;
      }
    },
  };
}

function open(store: Store, progress: RecoveryProgress, signal?: AbortSignal) {
  const more = signal === undefined ? {} : { signal };
  const routing = routingTableOf(ONE_SHARD);
  const parts = { id: 'shard-0', routing, durability: 'process', store, instruments: SILENT } as const;
  return openShard({ ...parts, logger: silentLogger(), progress, ...more });
}

describe('recovery', () => {
  it('says how many pages and records it has taken, of how many', async () => {
    const progress = new RecoveryProgress();
    const seen: string[] = [];
    const store = watched(await filledStore(), () => void seen.push(progress.text()));
    expect(progress.text()).toBe('opening the folder');
    await open(store, progress);
    expect(seen.some((text) => /^loading pages: 3 of 8, 0 MiB; about \d+ s left$/.test(text))).toBe(true);
    const records = /^replaying the log: 15 of 20 records, 0 MiB; about \d+ s left$/;
    expect(seen.some((text) => records.test(text))).toBe(true);
    expect(progress.json()).toMatchObject({ stage: 'recovered', pages: 8, records: PUSHES, log_rows: 160 });
  });

  it.each(['pages', 'log'])(
    'ends with CANCELLED in the middle of its %s when the shard is to stop',
    async (where) => {
      const progress = new RecoveryProgress();
      const stop = new AbortController();
      let entries = 0;
      const store = watched(await filledStore(), async (family) => {
        if (family !== where) return;
        if (++entries === 4) stop.abort();
        await delay(2);
      });
      await expect(open(store, progress, stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
      const done = where === 'pages' ? progress.pages : progress.records;
      expect(done).toBeLessThan(8);
    },
  );
});
