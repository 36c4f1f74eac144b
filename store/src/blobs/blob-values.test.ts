// Values in blob files against a Map, with small files, so that many are begun, emptied and written anew; the engine is a store in
// memory.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openMemoryStore } from '../memory-store.ts';
import type { Operation } from '../operations.ts';
import { BlobValues } from './blob-values.ts';

const FAMILY = 'pages';
const FILE_BYTES = 4_096;

const flush = async (): Promise<void> => undefined;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-blobs-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const key = (number: number): Uint8Array => Uint8Array.of(number);

function put(number: number, value: Uint8Array): Operation {
  return { kind: 'put', family: FAMILY, key: key(number), value };
}

function opened() {
  const store = openMemoryStore({ families: [FAMILY] });
  const open = () =>
    new BlobValues(
      folder,
      [FAMILY],
      {
        entries: (family) => store.range(family),
        async commit(operations) {
          const batch = store.batch();
          for (const operation of operations) {
            if (operation.kind === 'put') batch.put(FAMILY, operation.key, operation.value);
            else if (operation.kind === 'delete') batch.delete(FAMILY, operation.key);
          }
          await store.write(batch);
        },
      },
      FILE_BYTES,
    );
  return { store, open };
}

async function sizes(): Promise<number[]> {
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
}

it('has the last value of each key through writes, removals, tidying and new starts, in bounded space', async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.array(fc.tuple(fc.nat(15), fc.nat(3_000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
    },
    fc.nat(15),
    fc.constantFrom('tidy' as const, 'start' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await rm(folder, { recursive: true, force: true });
      const { store, open } = opened();
      let blobs = open();
      const there = new Map<number, Uint8Array>();
      for (const each of steps) {
        if (each === 'tidy') await blobs.tidy(flush);
        else if (each === 'start') {
          await blobs.close();
          blobs = open();
        } else if (typeof each === 'number') {
          await blobs.write([{ kind: 'delete', family: FAMILY, key: key(each) }]);
          there.delete(each);
        } else {
          const values = each.map(
            ([number, bytes, fill]) => [number, new Uint8Array(bytes).fill(fill)] as const,
          );
          await blobs.write(values.map(([number, value]) => put(number, value)));
          for (const [number, value] of values) there.set(number, value);
        }
      }
      const found = new Map<number, Uint8Array>();
      for await (const entry of blobs.entries(store.range(FAMILY))) found.set(entry.key[0]!, entry.value);
      const ordered = [...there].sort(([a], [b]) => a - b);
      expect([...found.keys()]).toEqual(ordered.map(([number]) => number));
      for (const [number, value] of ordered) expect(Buffer.compare(found.get(number)!, value)).toBe(0);
      const keys = ordered.map(([number]) => key(number));
      const looked = await blobs.values(await store.getMany(FAMILY, keys));
      expect(looked.map((value) => value?.length)).toEqual(ordered.map(([, value]) => value.length));
      // What is written anew goes the time after.
      for (let time = 0; time < 3; time++) await blobs.tidy(flush);
      const live = ordered.reduce((sum, [, value]) => sum + value.length, 0);
      const taken = (await sizes().catch(() => [])).reduce((sum, size) => sum + size, 0);
      // A file may be as much longer as one write, and values are aligned.
      expect(taken).toBeLessThanOrEqual(2 * live + 3 * (FILE_BYTES + 6 * 3_000) + 16 * 8);
      await blobs.close();
    }),
    { numRuns: 60 },
  );
});

it('keeps the files of an iteration until it ends', async () => {
  const { store, open } = opened();
  const blobs = open();
  const value = new Uint8Array(1024 * 1024).fill(1);
  for (let i = 0; i < 4; i++) await blobs.write([put(i, value)]);
  const entries = blobs.entries(store.range(FAMILY))[Symbol.asyncIterator]();
  expect((await entries.next()).value?.key[0]).toBe(0);
  for (let i = 0; i < 4; i++) await blobs.write([put(i, new Uint8Array(8).fill(2))]);
  await blobs.tidy(flush);
  for (let i = 1; i < 4; i++) expect((await entries.next()).value?.value[0]).toBe(1);
  expect((await entries.next()).done).toBe(true);
  await blobs.tidy(flush);
  expect((await sizes()).length).toBe(1);
  await blobs.close();
});
