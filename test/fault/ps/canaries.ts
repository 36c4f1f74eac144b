// Defects that are put in on purpose: rounds with them must show lost or doubled pushes, or the suite proves nothing. Each
// meets the situation that it cannot stand, which is brought about and waited for: the machine's pace decides nothing.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bug } from '../../../ps/src/testing/fault-plan.ts';
import type { Canary } from '../suite-parts.ts';
import type { Verdict } from './ledger.ts';
import { cutPower } from './power-cut.ts';
import { caughtBetweenRowsAndOffsets } from './source-rounds.ts';
import { World } from './world.ts';

const PUSHES = 30;
const IN_FLIGHT = 8;
const LOOK_MS = 1;

export const CANARIES: readonly Canary[] = [
  bug('acknowledge before the log write', async (world) => (await killedOnceAcknowledged(world)).lost > 0),
  bug('apply a duplicate', async (world) => (await diedUnanswered(world, 'apply a duplicate')).doubled > 0),
  {
    name: 'refer to pages before they are synced',
    caught: (dir, seed) =>
      inWorld(
        dir,
        seed,
        'refer to pages before they are synced',
        async (world) => {
          const { shard } = world;
          await world.push(PUSHES);
          await shard.post('/materialise');
          await shard.kill();
          await cutPower(shard.data, shard.syncJournal, nothingUnsynced);
          // The log does not have any more what the pages should.
          const failure = await shard.start().then(() => undefined, String);
          return /CORRUPT: .*\.blob/.test(failure ?? '');
        },
        'machine',
      ),
  },
  {
    name: 'store offsets after the push',
    caught: (dir, seed) => caughtBetweenRowsAndOffsets(dir, seed, { bug: 'store offsets after the push' }),
  },
  {
    name: 'a power cut at durability process',
    caught: (dir, seed) =>
      inWorld(dir, seed, undefined, async (world) => {
        const { shard } = world;
        // A planned restart leaves the tables' definitions in synced files; the pushes after it are in the log.
        await shard.stop();
        await shard.start();
        const { lost } = await killedOnceAcknowledged(world, () =>
          cutPower(shard.data, shard.syncJournal, nothingUnsynced),
        );
        return lost > 0;
      }),
  },
];

/** Draws of a power cut that leaves only what a sync covers. */
function nothingUnsynced(): number {
  return 0;
}

function bug(name: Bug, caught: (world: World) => Promise<boolean>): Canary {
  return { name, caught: (dir, seed) => inWorld(dir, seed, name, caught) };
}

async function inWorld(
  dir: string,
  seed: number,
  defect: Bug | undefined,
  use: (world: World) => Promise<boolean>,
  durability: 'process' | 'machine' = 'process',
): Promise<boolean> {
  const world = await World.begin({
    dir,
    seed,
    durability,
    clients: 2,
    faults: { bug: defect },
  });
  try {
    await world.fillSessions();
    return await use(world);
  } finally {
    await world.end();
  }
}

/** Killed when a client has been told that a push is done. */
async function killedOnceAcknowledged(
  world: World,
  afterDeath: () => Promise<unknown> = async () => undefined,
): Promise<Verdict> {
  const { shard, sessions } = world;
  const pushing = startPushing(world);
  while (sessions.every(({ acknowledged }) => acknowledged === 0)) {
    await Promise.race([delay(LOOK_MS), pushing]);
  }
  await shard.kill();
  await afterDeath();
  await shard.start();
  await pushing;
  return await world.check();
}

/** Dies when rows of pushes stand in its log and nobody was told: these pushes come again under their numbers. */
async function diedUnanswered(world: World, defect: Bug): Promise<Verdict> {
  const { shard } = world;
  await shard.crash({ at: 'push', when: 'after', count: 1 });
  const died = shard.exited.then(() => true);
  const pushing = startPushing(world);
  assert(await Promise.race([died, pushing.then(() => false)]), 'the shard outlived all pushes');
  await shard.kill();
  await shard.start({ bug: defect });
  await pushing;
  return await world.check();
}

function startPushing({ sessions }: World): Promise<unknown> {
  return Promise.all(sessions.map((session) => session.run(PUSHES, IN_FLIGHT)));
}
