// Wall clocks that jump: while the shard runs, and between two starts. Rows expire by the shard's own clock, which
// follows neither; what is pushed stays, and stays after a kill.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@weir/sdk';
import { World } from './world.ts';

const DAY_MS = 86_400_000;
const PUSHES = 20;
/** Expiry looks every second. */
const EXPIRY_MS = 2_500;
const KEYS = BigUint64Array.from([1n, 2n, 3n]);

export async function jumpingClock(dir: string, seed: number): Promise<string> {
  const world = await World.begin({ dir, seed, durability: 'process', clients: 2 });
  const { shard } = world;
  await using weir = await connect({ seeds: [shard.address], clientId: 'clock' });
  try {
    await weir.tables.create({ name: 'daily', dim: 1, optimizer: { kind: 'sum' }, ttlMs: DAY_MS });
    const daily = await weir.table('daily');
    let expected = 0;
    const step = async (what: string): Promise<void> => {
      await daily.push(KEYS, Float32Array.of(1, 1, 1));
      expected++;
      await world.push(PUSHES);
      await delay(EXPIRY_MS);
      assert.deepEqual(await daily.pull(KEYS), new Float32Array(3).fill(expected), what);
      await world.requireIntact(what);
    };
    await step('before a jump');
    for (const offsetMs of [3 * DAY_MS, -3 * DAY_MS]) {
      await shard.post('/clock', { offsetMs });
      await step(`the clock jumped by ${offsetMs} ms while the shard ran`);
    }
    // Backward between two starts: no record may have a lower clock than one before it.
    await shard.kill();
    await shard.start({ clockOffsetMs: -30 * DAY_MS });
    await step('the clock was set back by 30 days while the shard was down');
    await shard.kill();
    await shard.start();
    await step('the clock is right again');
    return 'jumps of days, both ways: no row expired, none was lost';
  } finally {
    await world.end();
  }
}
