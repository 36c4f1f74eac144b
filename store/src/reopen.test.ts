// A disk that fails and works again, under a store that stays open; and the cut of a log that this needs.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRocksStore, type Store } from './index.ts';
import { lastChange, openAgain } from './reopen.ts';
import { openEngine } from './rocks-engine.ts';
import { cutLogBehind } from './wal-cut.ts';

const OPTIONS = { families: ['rows', 'log'] };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const numbered = (index: number): Uint8Array => bytes(`key ${String(index).padStart(6, '0')}`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-reopen-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function keys(store: Store, family = 'rows'): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.range(family)) found.push(Buffer.from(key).toString());
  return found;
}

/** From then on this process can make no file longer: what a failing disk looks like, but for the name of the error. */
async function limitFiles(length: number | 'unlimited'): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(process.pid), `--fsize=${length}:unlimited`]);
}

it('takes writes again once the disk does: with all that was acknowledged, without what failed', async () => {
  const ignored = (): void => undefined;
  process.on('SIGXFSZ', ignored);
  const store = await openRocksStore(folder, OPTIONS);
  try {
    const expected: string[] = [];
    // How much of the write that fails reaches the log: nothing, a part of its head, of its content.
    for (const [round, reached] of [0, 3, 500, 40_000].entries()) {
      for (let i = 0; i < 20; i++) {
        const key = numbered(100 * round + i);
        await store.write(store.batch().put('rows', key, new Uint8Array(1_000)).put('log', key, bytes('x')));
        expected.push(Buffer.from(key).toString());
      }
      const snapshot = store.snapshot();
      const iteration = store.range('rows', { readEntries: 4 })[Symbol.asyncIterator]();
      await iteration.next();
      const { stdout } = await promisify(execFile)('sh', ['-c', `ls -S ${folder}/*.log | head -1`]);
      await limitFiles((await stat(stdout.trim())).size + reached);
      const failing = () =>
        store.write(store.batch().put('rows', bytes(`lost ${round}`), new Uint8Array(100_000)));
      await expect(failing()).rejects.toMatchObject({ code: 'FAILED' });
      // Now it fails every write; or such that are longer, so that the engine is closed, cannot be opened, and cannot be read.
      const unreadable = round % 2 === 1;
      await limitFiles(unreadable ? 8_192 : 0);
      await expect(failing()).rejects.toMatchObject({ code: 'FAILED' });
      if (unreadable) await expect(keys(store)).rejects.toMatchObject({ code: 'FAILED' });
      else expect(await keys(store)).toEqual(expected);
      await limitFiles('unlimited');
      const key = numbered(100 * round + 50);
      const written = store.write(store.batch().put('rows', key, bytes('after')).put('log', key, bytes('x')));
      // Reads that come meanwhile wait; but not where there was no reading before.
      if (unreadable) await written;
      const values = await store.getMany('rows', [numbered(100 * round), bytes(`lost ${round}`)]);
      await written;
      expect(values.map((value) => value?.length)).toEqual([1_000, undefined]);
      expected.push(Buffer.from(key).toString());
      expect(await keys(store)).toEqual(expected);
      await expect(snapshot.get('rows', key)).rejects.toMatchObject({ code: 'FAILED' });
      await expect(
        (async () => {
          for (;;) if ((await iteration.next()).done) return;
        })(),
      ).rejects.toThrow('begin anew');
      await snapshot.close();
      await store.sync();
    }
    await store.close();
    const again = await openRocksStore(folder, OPTIONS);
    expect(await keys(again)).toEqual(expected);
    expect(await keys(again, 'log')).toEqual(expected);
    await again.close();
  } finally {
    await limitFiles('unlimited');
    process.off('SIGXFSZ', ignored);
    await store.close();
  }
});

it('cuts a log before the write behind a change, wherever it begins, and not a byte else', async () => {
  await fc.assert(
    fc.asyncProperty(
      // Around the sizes at which a write ends, or its head is cut in two, at the end of a block.
      fc.array(
        fc.oneof(fc.nat({ max: 200 }), fc.integer({ min: 32_600, max: 32_768 }), fc.nat({ max: 70_000 })),
        {
          minLength: 1,
          maxLength: 12,
        },
      ),
      fc.nat(),
      async (sizes, pick) => {
        const data = join(folder, 'data');
        await mkdir(data);
        const database = await openEngine(data, OPTIONS);
        const kept = pick % (sizes.length + 1);
        let change = await lastChange(database);
        for (const [i, size] of sizes.entries()) {
          const batch = database.write({ capacity: 2, autoDestroy: true });
          batch.tryPut(numbered(i), new Uint8Array(size).fill(i));
          batch.tryPut(numbered(i + 1_000), bytes('second'));
          await batch.flush();
          if (i + 1 === kept) change = await lastChange(database);
        }
        await database.close({ force: true });
        await cutLogBehind(data, change);
        await cutLogBehind(data, change);
        const again = await openEngine(data, OPTIONS);
        expect(await lastChange(again)).toBe(change);
        const found: number[] = [];
        for await (const { key, value } of again.iterator({})) {
          if (Buffer.from(key).toString().startsWith('key 000')) found.push(value.length);
        }
        await again.close({ force: true });
        await rm(data, { recursive: true });
        expect(found).toEqual(sizes.slice(0, kept));
      },
    ),
    { numRuns: 10 },
  );
});

it('is CORRUPT when what was acknowledged is not there', async () => {
  const database = await openEngine(folder, OPTIONS);
  const change = await lastChange(database);
  await database.close({ force: true });
  await expect(openAgain(folder, change + 1, () => openEngine(folder, OPTIONS))).rejects.toMatchObject({
    code: 'CORRUPT',
  });
  await (await openAgain(folder, change, () => openEngine(folder, OPTIONS))).close({ force: true });
});
