import { openMemoryStore, type Store, StoreError } from '@weir/store';
import { describe, expect, it } from 'vitest';
import { CommitQueue } from './commit-queue.ts';

const FAMILY = 'records';

/** A real store whose writes and syncs are recorded, held up and refused as a test asks. */
function watchedStore() {
  const store = openMemoryStore({ families: [FAMILY] });
  const events: string[] = [];
  let refusals = 0;
  let inFlight = 0;
  const watched: Store = {
    batch: () => store.batch(),
    get: (family, key) => store.get(family, key),
    getMany: (family, keys) => store.getMany(family, keys),
    range: (family, range) => store.range(family, range),
    snapshot: () => store.snapshot(),
    turn: (queue) => store.turn(queue),
    flush: (families) => store.flush(families),
    close: () => store.close(),
    async write(batch) {
      inFlight += 1;
      expect(inFlight).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      if (refusals > 0) {
        refusals -= 1;
        events.push('refused');
        throw new StoreError('FAILED', 'no space is left on the volume');
      }
      events.push(`write ${batch.size}`);
      await store.write(batch);
    },
    async sync() {
      events.push('sync');
    },
  };
  return { watched, events, refuse: (count: number) => (refusals = count) };
}

const change = (name: string, done?: () => void) => ({
  bytes: name.length,
  write: (batch: ReturnType<Store['batch']>) => {
    batch.put(FAMILY, Buffer.from(name), Buffer.from(name));
  },
  ...(done && { durable: done }),
});

describe('commit queue', () => {
  it('writes what comes in one turn as one batch, and what waits meanwhile as the next', async () => {
    const { watched, events } = watchedStore();
    const queue = new CommitQueue(watched, 'process');
    const order: string[] = [];
    const commit = (name: string): Promise<void> => queue.commit(change(name, () => order.push(name)));
    const first = [commit('a'), commit('b')];
    await new Promise((resolve) => setImmediate(resolve));
    const second = [commit('c'), commit('d'), commit('e')];
    await Promise.all([...first, ...second]);
    expect(events).toEqual(['write 2', 'write 3']);
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(queue.waitingBytes).toBe(0);
  });

  it('acknowledges at level machine only after a sync', async () => {
    const { watched, events } = watchedStore();
    const queue = new CommitQueue(watched, 'machine');
    await queue.commit(change('a', () => events.push('durable')));
    expect(events).toEqual(['write 1', 'sync', 'durable']);
  });

  it('repeats a refused batch, refuses new changes meanwhile, and goes on', async () => {
    const { watched, events, refuse } = watchedStore();
    const queue = new CommitQueue(watched, 'process');
    refuse(1);
    const waiting = queue.commit(change('a'));
    while (!events.includes('refused')) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => queue.checkRoom(1)).toThrow('no space is left');
    await waiting;
    expect(events).toEqual(['refused', 'write 1']);
    await queue.commit(change('b'));
  });

  it('gives waiting changes an error when it closes over a store that refuses', async () => {
    const { watched, refuse } = watchedStore();
    const queue = new CommitQueue(watched, 'process');
    refuse(1_000);
    const waiting = expect(queue.commit(change('a'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await queue.close();
    await waiting;
    expect(() => queue.checkRoom(0)).toThrow('is stopping');
  });

  it('answers OVERLOADED beyond its bytes, but takes any single change', async () => {
    const { watched } = watchedStore();
    const queue = new CommitQueue(watched, 'process');
    const huge = queue.commit({ bytes: 1e9, write: () => {} });
    expect(() => queue.checkRoom(1)).toThrow('bytes of appends wait');
    await huge;
    queue.checkRoom(1);
  });
});
