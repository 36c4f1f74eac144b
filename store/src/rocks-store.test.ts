// What only a store on disk promises: reopening, kill -9, damage, the lock, the log on the disk.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRocksStore, type Store } from './index.ts';

const FAMILIES = ['rows', 'log'];
const WRITER = fileURLToPath(new URL('./testing/writer.ts', import.meta.url));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const numbered = (index: number): Uint8Array => bytes(`key ${String(index).padStart(6, '0')}`);

async function count(store: Store, family: string): Promise<number> {
  let entries = 0;
  for await (const _ of store.range(family)) entries += 1;
  return entries;
}

/** The folder's newest log file. */
async function walOf(folder: string): Promise<string> {
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();
  return join(folder, logs.at(-1)!);
}

async function flipBit(path: string, at: (size: number) => number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const position = at((await file.stat()).size);
    const byte = new Uint8Array(1);
    await file.read(byte, 0, 1, position);
    byte[0]! ^= 1;
    await file.write(byte, 0, 1, position);
  } finally {
    await file.close();
  }
}

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-rocks-'));
  folder = join(root, 'store');
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

/** A folder as a killed process leaves it: all writes in the write-ahead log. */
async function folderWithLog(writes: number): Promise<string> {
  const store = await openRocksStore(folder, { families: FAMILIES });
  for (let index = 0; index < writes; index++) {
    await store.write(store.batch().put('log', numbered(index), new Uint8Array(1_000).fill(index)));
  }
  const copy = join(root, 'copy');
  await cp(folder, copy, { recursive: true });
  await store.close();
  return copy;
}

describe('RocksDB store', () => {
  it('has its content again after reopening, and takes new families', async () => {
    let store = await openRocksStore(folder, { families: FAMILIES });
    await store.write(store.batch().put('rows', bytes('k'), bytes('v')).put('log', bytes('k'), bytes('w')));
    await store.close();
    store = await openRocksStore(folder, { families: [...FAMILIES, 'more'] });
    expect(await store.get('rows', bytes('k'))).toEqual(Buffer.from('v'));
    expect(await count(store, 'more')).toBe(0);
    await store.close();
    await expect(openRocksStore(folder, { families: ['rows'] })).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('Column families not opened'),
    });
  });

  it('is LOCKED while open, and says what to do', async () => {
    const store = await openRocksStore(folder, { families: FAMILIES });
    await expect(openRocksStore(folder, { families: FAMILIES })).rejects.toMatchObject({
      name: 'StoreError',
      code: 'LOCKED',
      message: expect.stringContaining(`cannot open ${folder}: another process has the folder open; stop it`),
    });
    await store.close();
    await (await openRocksStore(folder, { families: FAMILIES })).close();
  });

  it('refuses a path that is a file', async () => {
    await writeFile(folder, 'not a folder');
    await expect(openRocksStore(folder, { families: FAMILIES })).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining(folder),
    });
  });

  it('takes a torn tail: the write that never resolved is gone, the others are there', async () => {
    const copy = await folderWithLog(100);
    const wal = await walOf(copy);
    await truncate(wal, (await stat(wal)).size - 500);
    const store = await openRocksStore(copy, { families: FAMILIES });
    expect(await count(store, 'log')).toBe(99);
    await store.close();
  });

  it('finds one flipped bit in mid-log CORRUPT instead of losing what follows', async () => {
    const copy = await folderWithLog(100);
    await flipBit(await walOf(copy), (size) => size >>> 1);
    await expect(openRocksStore(copy, { families: FAMILIES })).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('restore the folder from a copy'),
    });
  });

  it('finds one flipped bit in a table file CORRUPT at the read, by key and by range', async () => {
    const copy = await folderWithLog(100);
    // Opening moves the log into a table file.
    await (await openRocksStore(copy, { families: FAMILIES })).close();
    const tables = (await readdir(copy)).filter((name) => name.endsWith('.sst'));
    expect(tables).toHaveLength(1);
    await flipBit(join(copy, tables[0]!), (size) => size >>> 1);
    const store = await openRocksStore(copy, { families: FAMILIES });
    await expect(count(store, 'log')).rejects.toMatchObject({ code: 'CORRUPT' });
    const all = Array.from({ length: 100 }, (_, index) => numbered(index));
    await expect(store.getMany('log', all)).rejects.toMatchObject({ code: 'CORRUPT' });
    await store.close();
  });

  it('syncs while writes go on, over more than one log file', async () => {
    let store = await openRocksStore(folder, { families: FAMILIES });
    const value = new Uint8Array(1024 * 1024).fill(7);
    const logs = new Set<string>();
    for (let index = 0; index < 50; index++) {
      await store.write(store.batch().put('log', numbered(index), value));
      if (index % 10 === 0) await Promise.all([store.sync(), store.sync()]);
      logs.add(await walOf(folder));
    }
    await store.sync();
    expect(logs.size).toBeGreaterThan(1);
    await store.close();
    store = await openRocksStore(folder, { families: FAMILIES });
    expect(await count(store, 'log')).toBe(50);
    await store.close();
  });

  it('relies no more on a log whose sync has failed: what a disk lost then, tables have', async () => {
    const store = await openRocksStore(folder, { families: FAMILIES });
    await store.write(store.batch().put('log', bytes('before'), bytes('1')));
    await store.sync();
    await store.write(
      store.batch().put('log', bytes('lost'), bytes('2')).put('rows', bytes('lost'), bytes('3')),
    );
    const log = await walOf(folder);
    const handle = await open(log);
    const failing = vi.spyOn(Object.getPrototypeOf(handle), 'datasync');
    await handle.close();
    failing.mockRejectedValueOnce(new Error('EIO: i/o error, fdatasync'));
    await expect(store.sync()).rejects.toMatchObject({ code: 'FAILED' });
    failing.mockRestore();
    await store.write(store.batch().put('log', bytes('behind'), bytes('4')));
    await store.sync();
    const copy = join(root, 'copy');
    await cp(folder, copy, { recursive: true });
    await rm(join(copy, basename(log)), { force: true });
    const after = await openRocksStore(copy, { families: FAMILIES });
    expect([await count(after, 'log'), await count(after, 'rows')]).toEqual([3, 1]);
    await after.close();
    await store.close();
  });

  it('never writes to table files what was removed from a queue in time, nor what came since its turn', async () => {
    const options = { families: FAMILIES, queues: ['log'] };
    let store = await openRocksStore(folder, options);
    const value = new Uint8Array(1024 * 1024).fill(7);
    const put = async (from: number, to: number) => {
      for (let index = from; index < to; index++)
        await store.write(store.batch().put('log', numbered(index), value));
    };
    const written = async () => {
      const tables = (await readdir(folder)).filter((name) => name.endsWith('.sst'));
      const sizes = await Promise.all(tables.map(async (name) => (await stat(join(folder, name))).size));
      return sizes.reduce((sum, size) => sum + size, 0) / value.length;
    };
    await put(0, 30);
    await store.turn('log');
    await put(30, 48);
    await store.write(store.batch().deleteRange('log', numbered(0), numbered(28)));
    await store.flush(FAMILIES);
    expect(await written()).toBeGreaterThan(2);
    expect(await written()).toBeLessThan(3);
    expect(await count(store, 'log')).toBe(20);
    await store.turn('log');
    await put(48, 50);
    await store.write(store.batch().deleteRange('log', numbered(0), numbered(49)));
    await store.flush(FAMILIES);
    expect(await written()).toBeLessThan(3);
    await store.close();
    store = await openRocksStore(folder, options);
    expect(await count(store, 'log')).toBe(1);
    await store.close();
  });

  it('finds in the files of an archive what is there, and nothing else, opened as an archive or not', async () => {
    const first = await openRocksStore(folder, { families: FAMILIES, archives: ['rows'] });
    const batch = first.batch();
    for (let index = 0; index < 4_000; index += 2) batch.put('rows', numbered(index), numbered(index));
    await first.write(batch);
    await first.flush(['rows']);
    await first.close();
    for (const archives of [['rows'], []]) {
      const store = await openRocksStore(folder, { families: FAMILIES, archives });
      const asked = Array.from({ length: 4_000 }, (_, index) => numbered(index));
      const found = await store.getMany('rows', asked);
      expect(found.map((value) => value?.length)).toEqual(
        asked.map((key, index) => (index % 2 === 0 ? key.length : undefined)),
      );
      expect(await count(store, 'rows')).toBe(2_000);
      await store.close();
    }
  });

  it('opens read only beside its writer, shows what was written before, and takes no write', async () => {
    const writer = await openRocksStore(folder, { families: FAMILIES });
    await writer.write(writer.batch().put('log', numbered(1), numbered(1)));
    const reader = await openRocksStore(folder, { families: FAMILIES, readOnly: true });
    expect(await reader.get('log', numbered(1))).toEqual(Buffer.from(numbered(1)));
    const refused = reader.write(reader.batch().put('log', numbered(2), numbered(2)));
    await expect(refused).rejects.toMatchObject({ code: 'FAILED' });
    await reader.close();
    expect(await count(writer, 'log')).toBe(1);
    await writer.close();
    const nowhere = openRocksStore(join(folder, 'nowhere'), { families: FAMILIES, readOnly: true });
    await expect(nowhere).rejects.toMatchObject({ code: 'FAILED' });
  });

  it('names the missing library when it cannot be loaded', async () => {
    const libraries = join(root, 'libraries');
    await mkdir(libraries);
    await writeFile(join(libraries, 'libatomic.so.1'), 'not a library');
    const child = spawn(process.execPath, [WRITER, folder], {
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
    });
    await once(child, 'close');
    expect(errors).toContain('LIBRARY_MISSING');
    expect(errors).toContain('apt-get install libatomic1');
  });

  it('has every acknowledged write after kill -9, each whole', async () => {
    let acknowledged = -1;
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [WRITER, folder, String(acknowledged + 1)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      acknowledged = await killAfter(child, acknowledged + 150);
      const store = await openRocksStore(folder, { families: FAMILIES, blobs: ['rows'] });
      const left: string[] = [];
      const right: string[] = [];
      for await (const { key, value } of store.range('rows')) {
        expect(value.every((byte) => byte === 1) && value.length === 2_000).toBe(true);
        left.push(String(key));
      }
      for await (const { key } of store.range('log')) right.push(String(key));
      expect(left).toEqual(right);
      expect(left.length).toBeGreaterThan(acknowledged);
      expect(left).toEqual(left.map((_, index) => new TextDecoder().decode(numbered(index))));
      acknowledged = left.length - 1;
      await store.close();
    }
  });
});

/** Kills the writer once it has acknowledged a number; returns the last that it acknowledged. */
async function killAfter(child: ChildProcess, number: number): Promise<number> {
  let last = -1;
  for await (const line of createInterface({ input: child.stdout! })) {
    last = Number(line);
    if (last >= number) child.kill('SIGKILL');
  }
  return last;
}
