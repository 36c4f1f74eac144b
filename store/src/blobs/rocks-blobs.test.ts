// Blob files beside RocksDB: what is on the disk, damage, folders from before.
import { mkdtemp, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRocksStore, type Store } from '../index.ts';

const OPTIONS = { families: ['pages', 'meta'], blobs: ['pages'] };
const PAGES = 64;
const PAGE_BYTES = 65_576;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-blobs-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const key = (number: number): Uint8Array => Uint8Array.of(1 + number);

function writePages(store: Store, fill: number): Promise<void> {
  const batch = store.batch();
  for (let i = 0; i < PAGES; i++) batch.put('pages', key(i), new Uint8Array(PAGE_BYTES).fill(fill));
  return store.write(batch.put('meta', Uint8Array.of(1), Uint8Array.of(fill)));
}

async function fills(store: Store): Promise<Set<number>> {
  const found = new Set<number>();
  let count = 0;
  for await (const { value } of store.range('pages')) {
    expect(value.byteLength).toBe(PAGE_BYTES);
    expect(value.every((byte) => byte === value[0])).toBe(true);
    found.add(value[0]!);
    count++;
  }
  expect(count).toBe(PAGES);
  return found;
}

async function bytesIn(name: string): Promise<number> {
  const names = await readdir(join(folder, name));
  const files = await Promise.all(names.map((file) => stat(join(folder, name, file))));
  return files.filter((file) => file.isFile()).reduce((sum, file) => sum + file.size, 0);
}

it('passes values by the engine: its log and tables stay small, and a flush gives back what was replaced', async () => {
  let store = await openRocksStore(folder, OPTIONS);
  await writePages(store, 1);
  await writePages(store, 2);
  expect(await bytesIn('blobs')).toBe(2 * PAGES * PAGE_BYTES);
  expect(await bytesIn('.')).toBeLessThan(PAGES * PAGE_BYTES * 0.1);
  await store.close();
  store = await openRocksStore(folder, OPTIONS);
  expect(await fills(store)).toEqual(new Set([2]));
  await writePages(store, 3);
  await store.flush(OPTIONS.families);
  expect(await fills(store)).toEqual(new Set([3]));
  expect(await bytesIn('blobs')).toBe(PAGES * PAGE_BYTES);
  await store.close();
});

it('reads values from before its family had blob files, and replaces them', async () => {
  let store = await openRocksStore(folder, { families: OPTIONS.families });
  await writePages(store, 1);
  await store.close();
  store = await openRocksStore(folder, OPTIONS);
  expect(await fills(store)).toEqual(new Set([1]));
  await store.write(store.batch().put('pages', key(3), new Uint8Array(PAGE_BYTES).fill(2)));
  expect(await fills(store)).toEqual(new Set([1, 2]));
  expect((await store.getMany('pages', [key(3), key(200), key(4)])).map((value) => value?.[0])).toEqual([
    2,
    undefined,
    1,
  ]);
  await store.close();
});

it.each(['is missing', 'ends before byte'])('names a file that %s', async (damage) => {
  const writer = await openRocksStore(folder, OPTIONS);
  await writePages(writer, 1);
  await writer.close();
  const [name] = await readdir(join(folder, 'blobs'));
  const path = join(folder, 'blobs', name!);
  if (damage === 'is missing') await rename(path, join(folder, 'aside'));
  else await truncate(path, 3 * PAGE_BYTES + 5);
  const store = await openRocksStore(folder, { ...OPTIONS, readOnly: true });
  await expect(fills(store)).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringMatching(new RegExp(`${path} ${damage}.*restore the folder from a copy`)),
  });
  await store.close();
  // The number of a file that is gone is not used again.
  const again = await openRocksStore(folder, OPTIONS);
  await again.write(again.batch().put('pages', key(0), Uint8Array.of(9)));
  expect((await readdir(join(folder, 'blobs'))).includes('000002.blob')).toBe(true);
  await again.close();
});

it('takes no part of a write whose values the disk refuses, and goes on when it takes them', async () => {
  const store = await openRocksStore(folder, OPTIONS);
  await writeFile(join(folder, 'blobs'), 'in the way');
  await expect(writePages(store, 1)).rejects.toMatchObject({
    code: 'FAILED',
    message: expect.stringMatching(/cannot read .*blobs/),
  });
  expect(await store.get('meta', Uint8Array.of(1))).toBeUndefined();
  await rm(join(folder, 'blobs'));
  await writePages(store, 2);
  expect(await fills(store)).toEqual(new Set([2]));
  await store.close();
});
