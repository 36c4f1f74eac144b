// Damage of every kind in a real folder is found and named, and the check itself changes nothing.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf } from '@weir/proto';
import { ValueEncoding } from '@weir/proto/v1/common';
import type { Store } from '@weir/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestShardOnly } from '../../testing/in-process.ts';
import { sumTable } from '../../testing/raw-client.ts';
import { droppedKey, IDENTITY_KEY, LOG, META, PAGES, pageKey, seqKey, tableKey } from './families.ts';
import { openFolder } from './open-folder.ts';
import { verifyFolder } from './verify-folder.ts';

const SPEC = sumTable('sum', 16);
const ROWS = 20_000;
const PUSHES = 10;

let folder: string;

/** A folder with pages of `ROWS` rows, and a log of PUSHES records from PUSHES + 2 on. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-verify-'));
  const store = await openFolder(folder);
  const shard = await openTestShardOnly({ store });
  await shard.tableAdmin.create(SPEC);
  for (let number = 1; number <= 2 * PUSHES; number++) {
    const keys = Uint32Array.from({ length: ROWS / 5 }, (_, i) => (i % 2) * (number * 2_000 + i));
    const values = bytesOf(new Float32Array((keys.length / 2) * 16).fill(1));
    const part = { tableUid: SPEC.uid, keys: bytesOf(keys), values, encoding: ValueEncoding.F32 };
    const push = { number, originTimeMs: 0, sources: [], parts: [part], bytes: 0, error: undefined };
    await new Promise((done) => shard.pipeline.submit({ id: 'c', incarnation: 'i' }, push, done));
    if (number === PUSHES) await shard.materialiser.round();
  }
  await shard.stop();
  await store.close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function change(edit: (store: Store) => Promise<void>): Promise<void> {
  const store = await openFolder(folder);
  await edit(store);
  await store.close();
}

async function flip(store: Store, family: string, key: Uint8Array): Promise<void> {
  const value = (await store.get(family, key))!.slice();
  value[value.length - 2]! ^= 4;
  await store.write(store.batch().put(family, key, value));
}

/** Flips a bit in the middle of the largest file with this name's end. */
async function flipFile(end: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(end) || name.startsWith(end));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  const name = names[sizes.indexOf(Math.max(...sizes))]!;
  const bytes = await readFile(join(folder, name));
  bytes[Math.floor(bytes.length / 2)]! ^= 4;
  await writeFile(join(folder, name), bytes);
  return name;
}

async function contents(): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
}

describe("the check of a shard's folder", () => {
  it('passes over a dropped table, of which a round need not have written all pages', async () => {
    await change((store) => {
      const batch = store.batch().put(META, droppedKey(SPEC.uid), new Uint8Array(0));
      return store.write(batch.delete(PAGES, pageKey(SPEC.uid, { stripe: 0, page: 0 })));
    });
    expect((await verifyFolder(folder)).problems).toEqual([]);
  });

  it('says what an intact folder holds, and changes nothing in it', async () => {
    const before = await contents();
    let told = 0;
    const report = await verifyFolder(folder, (bytes) => {
      told = bytes;
    });
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ shard: 'shard-0', epoch: 1, lowMark: PUSHES + 2, records: PUSHES });
    expect(report.nextSeq).toBe(2 * PUSHES + 2);
    expect(report.tables[0]).toMatchObject({ name: 'default/sum' });
    expect(report.tables[0]!.pages).toBeGreaterThan(8);
    expect(told).toBeGreaterThan(report.logBytes + report.tables[0]!.pageBytes);
    expect(await contents()).toEqual(before);
  });

  it('names every damaged record and page, every gap, and what has no definition', async () => {
    await change(async (store) => {
      await flip(store, LOG, seqKey(15));
      await flip(store, PAGES, pageKey(SPEC.uid, { stripe: 2, page: 1 }));
      const gone = store
        .batch()
        .delete(LOG, seqKey(17))
        .delete(PAGES, pageKey(SPEC.uid, { stripe: 3, page: 0 }));
      await store.write(gone.delete(META, IDENTITY_KEY));
    });
    const { problems, problemCount } = await verifyFolder(folder);
    const found = problems.map(({ where, what }) => `${where}: ${what}`);
    expect(found).toEqual([
      'identity: is missing: the folder does not say whose it is',
      expect.stringMatching(/^table default\/sum, stripe 2, page 1: .*checksum/),
      'table default/sum, stripe 3, page 1: page 0 was expected: pages are missing',
      expect.stringMatching(/^log record 15: .*checksum/),
      'log record 18: record 17 was expected: records are missing',
    ]);
    expect(problemCount).toBe(5);
    await change((store) => store.write(store.batch().delete(META, tableKey(SPEC.uid))));
    const orphans = (await verifyFolder(folder)).problems;
    expect(orphans.map(({ where }) => where)).toContain(`table uid ${SPEC.uid}`);
  });

  it.each(['.sst', '.log', 'MANIFEST'])('names the file when a bit of a %s file is flipped', async (end) => {
    const name = await flipFile(end);
    const { problems } = await verifyFolder(folder);
    expect(problems.map(({ what }) => what).join('\n')).toContain(name);
  });

  it('refuses a folder that is none', async () => {
    await expect(verifyFolder(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(verifyFolder(tmpdir())).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });
});
