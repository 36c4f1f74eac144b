// One bit of one file of a folder flipped while nobody serves it. Either the shard refuses to start and says what is
// damaged, and `weir verify` too, or every row is there: the bit was in bytes that no longer count.
import assert from 'node:assert/strict';
import { cp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyFolder } from '../../../ps/src/server/folder/verify-folder.ts';
import { mulberry32 } from '../../e2e/traffic.ts';
import { World } from './world.ts';

/** What is flipped, by the names of its files. */
const KINDS = [
  ['the write-ahead log', /\.log$/],
  ['a table', /\.sst$/],
  ['a blob file', /\.blob$/],
  ['the manifest', /^MANIFEST-/],
  ['CURRENT', /^CURRENT$/],
] as const;

const PUSHES = 40;

export interface BitFlips {
  readonly flips: number;
  /** How often the shard did not start, and said why. */
  readonly refused: number;
}

/** @param flips of each kind. */
export async function bitFlips(dir: string, seed: number, flips: number): Promise<BitFlips> {
  const world = await World.begin({ dir, seed, durability: 'process', clients: 2 });
  const { shard } = world;
  const random = mulberry32(seed);
  try {
    await world.push(PUSHES);
    // Tables of the engine, then a log behind them.
    await shard.post('/materialise');
    await shard.stop();
    await shard.start();
    await world.push(PUSHES);
    await world.requireIntact('before any flip');
    await shard.kill();
    const good = `${shard.data}.good`;
    await rename(shard.data, good);
    let refused = 0;
    for (const [kind, pattern] of KINDS) {
      for (let i = 0; i < flips; i++) {
        await cp(good, shard.data, { recursive: true });
        const what = await flip(shard.data, pattern, random);
        const { problemCount } = await verifyFolder(shard.data);
        const started = await shard.start().then(
          () => undefined,
          (error: unknown) => String(error),
        );
        if (started === undefined) await world.requireIntact(`${kind}: ${what}, and the shard started`);
        else {
          const lastWords = started.split('\n').findLast((line) => line.startsWith('weir ps:')) ?? started;
          assert.match(lastWords, /CORRUPT: .+restore the folder from a copy/, `${kind}: ${what}`);
          assert.ok(problemCount > 0, `${kind}: ${what}: weir verify found nothing`);
          refused++;
        }
        await shard.kill();
        await rm(shard.data, { recursive: true });
      }
    }
    return { flips: KINDS.length * flips, refused };
  } finally {
    await world.end();
  }
}

/** @returns what was flipped. */
async function flip(folder: string, pattern: RegExp, random: () => number): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => pattern.test(name)).sort();
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  let at = Math.floor(random() * sizes.reduce((sum, size) => sum + size, 0));
  let file = 0;
  while (at >= sizes[file]!) at -= sizes[file++]!;
  const bit = Math.floor(random() * 8);
  const handle = await open(join(folder, names[file]!), 'r+');
  try {
    const byte = new Uint8Array(1);
    await handle.read(byte, 0, 1, at);
    byte[0]! ^= 1 << bit;
    await handle.write(byte, 0, 1, at);
  } finally {
    await handle.close();
  }
  return `bit ${bit} of byte ${at} of ${names[file]!}, which has ${sizes[file]!}`;
}
