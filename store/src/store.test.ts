// One suite for every store: what the interface promises.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryStore, openRocksStore, type Range, type Store, type StoreReader } from './index.ts';

const FAMILIES = ['rows', 'log'];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

async function keys(reader: StoreReader, family: string, range?: Range): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of reader.range(family, range)) found.push(text(entry.key)!);
  return found;
}

function fill(store: Store, names: readonly string[]): Promise<void> {
  const batch = store.batch();
  for (const name of names) batch.put('rows', bytes(name), bytes(`value of ${name}`));
  return store.write(batch);
}

describe.each(['memory', 'rocksdb', 'rocksdb with blob files'])('store in %s', (kind) => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-store-'));
    const rows = kind === 'rocksdb' ? { archives: ['rows'] } : { blobs: ['rows'] };
    const options = { families: FAMILIES, queues: ['log'], ...rows };
    store = kind === 'memory' ? openMemoryStore(options) : await openRocksStore(folder, options);
  });

  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  it('gives back what was put, apart by family, and undefined for what was not', async () => {
    await store.write(
      store.batch().put('rows', bytes('k'), bytes('row')).put('log', bytes('k'), new Uint8Array(0)),
    );
    expect(text(await store.get('rows', bytes('k')))).toBe('row');
    expect(await store.get('log', bytes('k'))).toHaveLength(0);
    expect(await store.get('rows', bytes('l'))).toBeUndefined();
    const many = await store.getMany('rows', [bytes('x'), bytes('k'), bytes('x')]);
    expect(many.map(text)).toEqual([undefined, 'row', undefined]);
    expect(await store.getMany('rows', [])).toEqual([]);
  });

  it('keeps what a flushed queue still holds', async () => {
    for (const name of ['1', '2', '3']) await store.write(store.batch().put('log', bytes(name), bytes(name)));
    await store.write(store.batch().deleteRange('log', bytes('1'), bytes('3')));
    await store.flush(['log']);
    expect(await keys(store, 'log')).toEqual(['3']);
  });

  it('has the entries of a queue in order, whatever turns it took', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('put' as const) },
      fc.constantFrom('turn' as const, 'flush' as const, 'remove one' as const),
      fc.nat(8).map((count) => ({ removed: count })),
    );
    let number = 100_000;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(6), async (steps, limit) => {
        await store.write(store.batch().deleteRange('log', bytes('0'), bytes('9')));
        let there: string[] = [];
        for (const each of steps) {
          if (each === 'turn') await store.turn('log');
          else if (each === 'flush') await store.flush(['log']);
          else if (each === 'put') {
            there.push(String(number++));
            await store.write(store.batch().put('log', bytes(there.at(-1)!), bytes(there.at(-1)!)));
          } else if (each === 'remove one') {
            const [gone] = there.splice(there.length >> 1, 1);
            if (gone !== undefined) await store.write(store.batch().delete('log', bytes(gone)));
          } else {
            const kept = there.slice(each.removed);
            await store.write(store.batch().deleteRange('log', bytes('0'), bytes(kept[0] ?? '9')));
            there = kept;
          }
        }
        expect(await keys(store, 'log')).toEqual(there);
        expect(await keys(store, 'log', { reverse: true, limit })).toEqual(
          there.toReversed().slice(0, limit),
        );
        const half = bytes(there[there.length >> 1] ?? '1');
        expect(await keys(store, 'log', { gte: half })).toEqual(there.slice(there.length >> 1));
        expect((await store.getMany('log', there.map(bytes))).map(text)).toEqual(there);
      }),
      { numRuns: 40 },
    );
  });

  it('applies the changes of a batch in their order', async () => {
    await fill(store, ['a', 'b', 'c', 'd']);
    const batch = store
      .batch()
      .deleteRange('rows', bytes('a'), bytes('d'))
      .put('rows', bytes('b'), bytes('again'))
      .put('rows', bytes('e'), bytes('e'))
      .delete('rows', bytes('e'));
    expect(batch.size).toBe(4);
    expect(batch.bytes).toBe(2 + 6 + 2 + 1);
    await store.write(batch);
    expect(await keys(store, 'rows')).toEqual(['b', 'd']);
    expect(text(await store.get('rows', bytes('b')))).toBe('again');
  });

  it('orders keys as unsigned bytes, a prefix first', async () => {
    const sorted = [[0], [0, 0], [1], [127, 255], [128], [255], [255, 0]].map((key) => Uint8Array.from(key));
    const batch = store.batch();
    for (const key of sorted.toReversed()) batch.put('rows', key, key);
    await store.write(batch);
    const found: number[][] = [];
    for await (const entry of store.range('rows')) found.push([...entry.key]);
    expect(found).toEqual(sorted.map((key) => [...key]));
  });

  it('reads ranges by each bound, in both directions, up to a limit', async () => {
    await fill(store, ['a', 'b', 'c', 'd', 'e']);
    expect(await keys(store, 'rows', { gte: bytes('b'), lt: bytes('d') })).toEqual(['b', 'c']);
    expect(await keys(store, 'rows', { gt: bytes('b'), lte: bytes('d') })).toEqual(['c', 'd']);
    expect(await keys(store, 'rows', { gt: bytes('aa'), limit: 2 })).toEqual(['b', 'c']);
    expect(await keys(store, 'rows', { lt: bytes('d'), reverse: true })).toEqual(['c', 'b', 'a']);
    expect(await keys(store, 'rows', { lte: bytes('dd'), reverse: true, limit: 2 })).toEqual(['d', 'c']);
    expect(await keys(store, 'rows', { gte: bytes('d'), reverse: true })).toEqual(['e', 'd']);
    expect(await keys(store, 'rows', { limit: 0 })).toEqual([]);
    expect(await keys(store, 'rows', { lt: new Uint8Array(0) })).toEqual([]);
    expect(await keys(store, 'rows', { gte: bytes('d'), lt: bytes('b') })).toEqual([]);
    expect(await keys(store, 'log')).toEqual([]);
  });

  it('refuses what has no meaning: unknown family, empty key, two lower bounds, a batch written twice', async () => {
    expect(() => store.batch().put('nope', bytes('k'), bytes('v'))).toThrow('no family "nope"');
    expect(() => store.batch().put('rows', new Uint8Array(0), bytes('v'))).toThrow('at least one byte');
    await expect(store.get('nope', bytes('k'))).rejects.toThrow('no family "nope"');
    await expect(keys(store, 'rows', { gt: bytes('a'), gte: bytes('a') })).rejects.toThrow('one lower');
    const batch = store.batch().put('rows', bytes('k'), bytes('v'));
    await store.write(batch);
    await expect(store.write(batch)).rejects.toThrow('written once');
  });

  it('shows a snapshot and a begun iteration the store as it was', async () => {
    await fill(store, ['a', 'b', 'c']);
    const snapshot = store.snapshot();
    const iteration = store.range('rows')[Symbol.asyncIterator]();
    await iteration.next();
    await store.write(
      store.batch().deleteRange('rows', bytes('a'), bytes('z')).put('log', bytes('n'), bytes('n')),
    );
    const rest: string[] = [];
    for (let next = await iteration.next(); next.done !== true; next = await iteration.next()) {
      rest.push(text(next.value.key)!);
    }
    expect(rest).toEqual(['b', 'c']);
    expect(await keys(snapshot, 'rows')).toEqual(['a', 'b', 'c']);
    expect(await snapshot.get('log', bytes('n'))).toBeUndefined();
    expect(await keys(store, 'rows')).toEqual([]);
    await snapshot.close();
    await expect(snapshot.get('rows', bytes('a'))).rejects.toMatchObject({ code: 'FAILED' });
  });

  it('resolves many concurrent writes in call order, each whole for any reader', async () => {
    const order: number[] = [];
    const reads: Promise<void>[] = [];
    const writes = Array.from({ length: 300 }, (_, index) => {
      const value = bytes(String(index));
      const batch = store.batch().put('rows', bytes('left'), value).put('log', bytes('right'), value);
      return store.write(batch).then(() => {
        order.push(index);
        if (index % 20 !== 0) return;
        const snapshot = store.snapshot();
        const both = Promise.all([snapshot.get('rows', bytes('left')), snapshot.get('log', bytes('right'))]);
        reads.push(
          both.then(async ([left, right]) => {
            expect(text(left)).toBe(text(right));
            expect(Number(text(left))).toBeGreaterThanOrEqual(index);
            await snapshot.close();
          }),
        );
      });
    });
    await Promise.all(writes);
    expect(order).toEqual(Array.from({ length: 300 }, (_, index) => index));
    expect(reads).toHaveLength(15);
    await Promise.all(reads);
    expect(text(await store.get('rows', bytes('left')))).toBe('299');
  });

  it('keeps a value that the caller changes after the write', async () => {
    const value = Buffer.from('before');
    await store.write(store.batch().put('rows', bytes('k'), value));
    value.fill(0);
    const read = await store.get('rows', bytes('k'));
    expect(text(read)).toBe('before');
    read!.fill(0);
    expect(text(await store.get('rows', bytes('k')))).toBe('before');
  });

  it('closes although an iteration is open, and refuses what comes after', async () => {
    await fill(
      store,
      Array.from({ length: 500 }, (_, index) => `key ${index}`),
    );
    const iteration = store.range('rows')[Symbol.asyncIterator]();
    await iteration.next();
    await store.sync();
    await store.close();
    await store.close();
    await expect(store.get('rows', bytes('key 1'))).rejects.toMatchObject({ code: 'FAILED' });
    await expect(store.write(store.batch())).rejects.toMatchObject({ code: 'FAILED' });
    expect(() => store.snapshot()).toThrow('closed');
  });

  it('equals a plain sorted list under random changes', async () => {
    const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 5 });
    const change = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.constant('put' as const), key, key) },
      fc.tuple(fc.constant('delete' as const), key, key),
      fc.tuple(fc.constant('deleteRange' as const), key, key),
    );
    const range = fc.record(
      { gte: key, lt: key, reverse: fc.boolean(), limit: fc.integer({ min: 0, max: 9 }) },
      { requiredKeys: [] },
    );
    const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
    const model = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 30 }),
        fc.array(range, { maxLength: 4 }),
        async (list, ranges) => {
          const batch = store.batch();
          for (const [kind, first, second] of list) {
            if (kind === 'put') {
              batch.put('rows', first, second);
              model.set(hex(first), hex(second));
            } else if (kind === 'delete') {
              batch.delete('rows', first);
              model.delete(hex(first));
            } else {
              batch.deleteRange('rows', first, second);
              for (const name of [...model.keys()]) {
                if (name >= hex(first) && name < hex(second)) model.delete(name);
              }
            }
          }
          await store.write(batch);
          for (const asked of [{}, ...ranges]) {
            const found: string[][] = [];
            for await (const entry of store.range('rows', asked))
              found.push([hex(entry.key), hex(entry.value)]);
            const { gte, lt, reverse, limit } = asked as Range;
            const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
            if (reverse === true) expected.reverse();
            const within = expected.filter(
              ([name]) => (gte === undefined || name >= hex(gte)) && (lt === undefined || name < hex(lt)),
            );
            expect(found).toEqual(within.slice(0, limit ?? within.length));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
