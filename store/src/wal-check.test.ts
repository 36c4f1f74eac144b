import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';
import { openRocksStore } from './index.ts';
import { damagedRecord, damagedTail, damageIn } from './wal-check.ts';

const FAMILIES = ['rows'];
const WRITES = 12;
const encoder = new TextEncoder();

/** A log as the engine writes it: records of different sizes in one block. */
let log: Uint8Array;
let name: string;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-wal-'));
  const store = await openRocksStore(join(dir, 'made'), { families: FAMILIES });
  for (let i = 1; i <= WRITES; i++) {
    await store.write(store.batch().put('rows', Uint8Array.of(i), new Uint8Array(i * 5).fill(i)));
  }
  name = (await readdir(join(dir, 'made'))).find((file) => file.endsWith('.log'))!;
  log = new Uint8Array(await readFile(join(dir, 'made', name)));
  await store.close();
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** A folder with this log in it, and nothing else. */
async function folderWith(bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(dir, 'folder-'));
  await writeFile(join(folder, name), bytes);
  return folder;
}

function flipped(bit: number): Uint8Array {
  const bytes = log.slice();
  bytes[bit >>> 3]! ^= 1 << (bit & 7);
  return bytes;
}

describe('a write-ahead log', () => {
  it('has the checksum of RFC 3720', () => {
    expect(crc32c(encoder.encode('123456789'))).toBe(0xe3069283);
  });

  it('is intact as written, and cut off at any byte', () => {
    expect(log.length).toBeGreaterThan(WRITES * 20);
    for (let bytes = 0; bytes <= log.length; bytes++)
      expect(damageIn(log.slice(0, bytes)), `${bytes}`).toBeUndefined();
  });

  it('is damaged with any one bit flipped, the lengths of its last records included', () => {
    for (let bit = 0; bit < log.length * 8; bit++) expect(damageIn(flipped(bit)), `bit ${bit}`).toBeDefined();
  });

  it('is refused by the store when its last record claims to be longer than the file', async () => {
    const length = lastRecord() + 5;
    const folder = await folderWith(flipped(length * 8 + 3));
    expect(await damagedTail(folder)).toMatchObject({ at: lastRecord(), endsInZeros: false });
    await expect(openRocksStore(folder, { families: FAMILIES })).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining(`${name} is damaged at byte ${lastRecord()} of ${log.length}`),
    });
  });

  it('that ends in zeros within a record is damaged, and may be a write that lost its power', async () => {
    const bytes = log.slice();
    bytes.fill(0, lastRecord() + 20);
    const folder = await folderWith(bytes);
    expect(await damagedRecord(folder)).toMatchObject({ at: lastRecord(), endsInZeros: true });
  });
});

function lastRecord(): number {
  let at = 0;
  for (;;) {
    const end = at + 7 + (log[at + 4]! | (log[at + 5]! << 8));
    if (end >= log.length) return at;
    at = end;
  }
}
