// Disks that refuse: one that is full, one that fails every write, one that is read-only from the start. Pushes wait
// and then get STORAGE_FAILED, pulls go on, the process stays; what was acknowledged is there afterwards.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { pushPart, pushRequest, RawClient, sumTable } from '../../../ps/src/testing/raw-client.ts';
import { readOnlyDisk, smallDisk } from './private-disk.ts';
import { World } from './world.ts';

/** After a full disk the engine goes on once its largest memory table (512 MiB) would fit. */
const DISK_MIB = 768;
const PUSHES = 30;
const ATTEMPTS_MAX = 800;
const ATTEMPT_MS = 15;
const SOME_KEY = BigUint64Array.of(1_000_001n);
/** A table outside of what is compared. */
const FILLER = sumTable('filler', 1024);

/** Space comes back while the shard runs: then it goes on by itself. */
export async function fullDisk(dir: string, seed: number): Promise<string> {
  const mountPoint = join(dir, 'disk');
  await mkdir(mountPoint);
  await using disk = await smallDisk(mountPoint, DISK_MIB);
  const world = await World.begin({
    dir,
    seed,
    durability: 'process',
    clients: 2,
    data: join(disk.path, 'data'),
  });
  try {
    await world.push(PUSHES);
    await makeFiller(world);
    await world.requireIntact('before the disk was full');
    const ballast = join(disk.path, 'ballast');
    await fill(ballast);
    const refusal = await requireRefusals(world);
    const pushing = world.push(PUSHES);
    await delay(500);
    await rm(ballast);
    const begun = performance.now();
    await pushing;
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    await world.requireIntact('after the disk was full');
    await world.shard.kill();
    await world.shard.start();
    await world.requireIntact('after the disk was full and a restart');
    return `${refusal}; went on ${seconds} s after there was space`;
  } finally {
    await world.end();
  }
}

/** Every write fails, as on a disk that the system has made read-only: the process may write no file any more. */
export async function failingDisk(dir: string, seed: number): Promise<string> {
  const world = await World.begin({ dir, seed, durability: 'process', clients: 2 });
  const { shard } = world;
  const limit = (bytes: string) =>
    promisify(execFile)('prlimit', ['--pid', String(shard.pid), `--fsize=${bytes}:unlimited`]);
  try {
    await world.push(PUSHES);
    await makeFiller(world);
    await world.requireIntact('before the disk failed');
    await limit('0');
    const refusal = await requireRefusals(world);
    const pushing = world.push(PUSHES);
    await delay(500);
    await limit('unlimited');
    // The engine takes nothing after such an error: the store opens it anew.
    const begun = performance.now();
    await pushing;
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    await world.requireIntact('after the disk failed');
    await shard.kill();
    await shard.start();
    await world.requireIntact('after the disk failed and a restart');
    return `${refusal}; went on ${seconds} s after the disk did`;
  } finally {
    await world.end();
  }
}

/** A shard does not start on it, and says so; the folder is as it was. */
export async function readOnlyFolder(dir: string, seed: number): Promise<string> {
  const world = await World.begin({ dir, seed, durability: 'process', clients: 2 });
  const { shard } = world;
  try {
    await world.push(PUSHES);
    await shard.kill();
    let words = '';
    {
      await using disk = await readOnlyDisk(shard.data);
      const { data } = shard;
      shard.data = disk.path;
      const error = await shard.start().then(
        () => undefined,
        (thrown: unknown) => String(thrown),
      );
      shard.data = data;
      assert.ok(error !== undefined, 'the shard started on a read-only folder');
      words = error.split('\n').findLast((line) => line.startsWith('weir ps:')) ?? error;
      assert.match(words, /weir ps: (STORAGE_FAILED|CONFIGURATION): .*[Rr]ead-only file system/);
    }
    await shard.start();
    await world.requireIntact('after a start on a read-only folder');
    return words;
  } finally {
    await world.end();
  }
}

async function makeFiller({ shard }: World): Promise<void> {
  const client = new RawClient(shard.address);
  await client.create(FILLER).finally(() => client.close());
}

/** Pushes until one is refused; then the shard must still answer. @returns the refusal. */
async function requireRefusals({ shard, tables }: World): Promise<string> {
  const client = new RawClient(shard.address);
  const keys = Array.from({ length: 64 }, (_, k) => BigInt(k));
  const values = Array.from({ length: keys.length * FILLER.dim }, () => 1);
  const before = await tables.marks.pull(SOME_KEY);
  try {
    let refusal: string | undefined;
    for (let i = 0; i < ATTEMPTS_MAX && refusal === undefined; i++) {
      // The write that failed first is tried for ever, and its push waits; those behind it are refused.
      void client.push(pushRequest(0, [pushPart(FILLER.uid, keys, values)])).catch((error: unknown) => {
        refusal ??= String(error);
      });
      await delay(ATTEMPT_MS);
    }
    assert.ok(refusal !== undefined, 'the disk took everything');
    assert.match(refusal, /STORAGE_FAILED|disk refuses writes/);
    assert.deepEqual(await tables.marks.pull(SOME_KEY), before, 'a pull while the disk refuses');
    assert.equal((await fetch(`http://${shard.admin}/healthz`)).status, 200);
    return refusal;
  } finally {
    client.close();
  }
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const bytes of [1 << 20, 1 << 12]) {
      const zeros = new Uint8Array(bytes);
      while ((await file.write(zeros).catch(() => ({ bytesWritten: 0 }))).bytesWritten === bytes);
    }
  } finally {
    await file.close();
  }
}
