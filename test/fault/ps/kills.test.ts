// The short version of `npm run test:fault -- --suite ps`: one round of every moment with the process killed, and with
// the machine lost; every canary.
import { describe, expect, it } from 'vitest';
import { inFolder } from '../suite-parts.ts';
import { CANARIES } from './canaries.ts';
import { killRound, MOMENTS } from './kill-round.ts';
import { cutPower } from './power-cut.ts';
import { World } from './world.ts';

const SEED = 20;
const NOTHING_WRONG = { lost: 0, doubled: 0, problems: [] };

async function everyMoment(dir: string, durability: 'process' | 'machine'): Promise<void> {
  const world = await World.begin({ dir, seed: SEED, durability, clients: 2 });
  const { shard, random } = world;
  const afterDeath =
    durability === 'machine' ? () => cutPower(shard.data, shard.syncJournal, random) : undefined;
  try {
    for (const moment of MOMENTS) {
      const { verdict, what } = await killRound(world, moment, afterDeath);
      expect(verdict, `seed ${SEED}, ${moment}: ${what}`).toEqual(NOTHING_WRONG);
    }
  } finally {
    await world.end();
  }
}

describe(`kill -9 in a push, a round, a table change and recovery (seed ${SEED})`, () => {
  it('loses no acknowledged push and counts none twice', () =>
    inFolder((dir) => everyMoment(dir, 'process')));

  it('the same at durability machine, with what was not synced lost too', () =>
    inFolder((dir) => everyMoment(dir, 'machine')));
});

describe('defects put in on purpose are noticed', () => {
  it.each(CANARIES)('$name', ({ caught }) =>
    inFolder(async (dir) => expect(await caught(dir, SEED)).toBe(true)),
  );
});
