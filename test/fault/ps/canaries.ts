// Defects that are put in on purpose: rounds with them must show lost or doubled pushes, or the suite proves nothing.

import type { Bug, FaultPlan } from '../../../ps/src/testing/fault-plan.ts';
import type { Canary } from '../suite-parts.ts';
import type { Verdict } from './ledger.ts';
import { cutPower } from './power-cut.ts';
import { caughtUnderKills } from './source-rounds.ts';
import { World } from './world.ts';

const TRIES = 6;
const PUSHES = 30;
const IN_FLIGHT = 8;

export const CANARIES: readonly Canary[] = [
  bug('acknowledge before the log write', ({ lost }) => lost > 0),
  bug('apply a duplicate', ({ doubled }) => doubled > 0),
  {
    name: 'store offsets after the push',
    caught: (dir, seed) => caughtUnderKills(dir, seed, { bug: 'store offsets after the push' }),
  },
  {
    name: 'a power cut at durability process',
    async caught(dir, seed) {
      const world = await World.begin({ dir, seed, durability: 'process', clients: 2 });
      const { shard, random } = world;
      try {
        // A planned restart leaves the tables' definitions in synced files; the pushes after it are in the log.
        await shard.stop();
        await shard.start();
        const { lost } = await killedAfterPushes(world, {}, () =>
          cutPower(shard.data, shard.syncJournal, random),
        );
        return lost > 0;
      } finally {
        await world.end();
      }
    },
  },
];

function bug(name: Bug, seen: (verdict: Verdict) => boolean): Canary {
  return {
    name,
    async caught(dir, seed) {
      const world = await World.begin({
        dir,
        seed,
        durability: 'process',
        clients: 2,
        faults: { bug: name },
      });
      try {
        for (let i = 0; i < TRIES; i++) if (seen(await killedAfterPushes(world, { bug: name }))) return true;
        return false;
      } finally {
        await world.end();
      }
    },
  };
}

/** Killed when a write was made and before it was answered: so it comes again. */
async function killedAfterPushes(
  world: World,
  faults: FaultPlan,
  afterDeath: () => Promise<unknown> = async () => undefined,
): Promise<Verdict> {
  const { shard, random } = world;
  await world.fillSessions();
  await shard.crash({ at: 'push', when: 'after', count: 6 + Math.floor(random() * 12) });
  const { exited } = shard;
  const pushing = Promise.all(world.sessions.map((session) => session.run(PUSHES, IN_FLIGHT)));
  pushing.catch(() => undefined);
  await Promise.race([exited, pushing]);
  await shard.kill();
  await afterDeath();
  await shard.start(faults);
  await pushing;
  return await world.check();
}
