// Rounds with sources: trainers count the records of a source while the shard dies at a drawn moment, and some of them are
// killed, others put to sleep; a new generation takes over, and the sleepers wake as zombies with pushes in flight. Every
// record counts once, and the offsets say so.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyFolder } from '../../../ps/src/server/folder/verify-folder.ts';
import type { Durability } from '../../../ps/src/server/log/log-sink.ts';
import type { Crash, FaultPlan } from '../../../ps/src/testing/fault-plan.ts';
import { cutPower } from './power-cut.ts';
import { FENCED_EXIT } from './source-terms.ts';
import { SourceWorld, type Trainer } from './source-world.ts';

const ROUNDS = 6;
const RECORDS = 1_500;
const TRAINERS_MAX = 3;
const NOTHING_WRONG = { lost: 0, doubled: 0, problems: [] };

/** @returns what was seen, in a few words. @throws AssertionError. */
export async function sourceRounds(dir: string, seed: number, durability: Durability): Promise<string> {
  const world = await SourceWorld.begin({ dir, seed, durability });
  const seen = { fenced: 0, killed: 0 };
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const what = await disturbedRound(world, durability, seen);
      assert.deepEqual(await world.check(), NOTHING_WRONG, `seed ${seed}, round ${round}: ${what}`);
    }
    return `${ROUNDS} rounds, ${world.shard.kills} kills of the shard, ${seen.killed} of trainers, ${seen.fenced} fenced`;
  } finally {
    await world.end();
  }
}

async function disturbedRound(
  world: SourceWorld,
  durability: Durability,
  seen: { fenced: number; killed: number },
): Promise<string> {
  const { shard } = world;
  world.append(RECORDS);
  const first = world.startTrainers(1 + world.upTo(TRAINERS_MAX));
  await Promise.all(first.map(({ begun }) => begun));
  const crash = crashAt(world, durability === 'machine');
  await shard.crash(crash);
  let over = false;
  const materialising = materialise(world, () => over);
  await sleep(world.upTo(60));
  const asleep = first.filter(() => world.random() < 0.5);
  for (const { process: child } of asleep) child.kill('SIGSTOP');
  for (const trainer of first) {
    if (asleep.includes(trainer) || world.random() < 0.5) continue;
    trainer.process.kill('SIGKILL');
    seen.killed++;
  }
  // Without a push the moment may not come.
  await Promise.race([shard.exited, sleep(500 + world.upTo(500))]);
  over = true;
  await materialising;
  await shard.kill();
  if (durability === 'machine') await cutPower(shard.data, shard.syncJournal, world.random);
  const { problems } = await verifyFolder(shard.data);
  assert.deepEqual(problems, [], 'weir verify after a kill');
  await shard.start();

  const second = world.startTrainers(1 + world.upTo(TRAINERS_MAX));
  if (world.random() < 0.5) await Promise.all(second.map(({ begun }) => begun));
  await sleep(world.upTo(100));
  for (const { process: child } of asleep) child.kill('SIGCONT');
  for (const { exited } of second) assert.equal(await exited, 0, 'a trainer of the last generation');
  for (const code of await endsOf(first)) {
    // Whoever was done before the shard died, was killed, or has a successor.
    assert.ok(code === 0 || code === null || code === FENCED_EXIT, `a former trainer ended with ${code}`);
    if (code === FENCED_EXIT) seen.fenced++;
  }
  return `${first.length} then ${second.length} trainers, ${asleep.length} asleep, ${JSON.stringify(crash)}`;
}

function endsOf(trainers: readonly Trainer[]): Promise<(number | null)[]> {
  return Promise.all(trainers.map(({ exited }) => exited));
}

/** @param syncs whether the shard waits for the disk at all. */
function crashAt(world: SourceWorld, syncs: boolean): Crash {
  const when = world.random() < 0.5 ? 'before' : 'after';
  switch (world.upTo(4)) {
    case 0:
      return { at: 'time', afterMs: world.upTo(150) };
    case 1:
      return { at: 'mark', when, count: 1 + world.upTo(2) };
    case 2:
      if (syncs) return { at: 'sync', when, count: 1 + world.upTo(20) };
      return { at: 'pages', when, count: 1 + world.upTo(8) };
    default:
      return { at: 'push', when, count: 1 + world.upTo(25) };
  }
}

async function materialise({ shard }: SourceWorld, ended: () => boolean): Promise<void> {
  while (!ended()) {
    await shard.post('/materialise');
    await sleep(2);
  }
}

/**
 * A trainer lives on over a kill of its shard, which dies when rows of a push stand in its log, and its ranges stand there
 * only if the same record holds them. @returns whether a record was counted twice or not at all.
 */
export async function caughtBetweenRowsAndOffsets(
  dir: string,
  seed: number,
  faults: FaultPlan,
): Promise<boolean> {
  const world = await SourceWorld.begin({ dir, seed, durability: 'process', faults });
  const { shard } = world;
  try {
    world.append(RECORDS);
    await shard.crash({ at: 'push', when: 'after', count: 1 });
    const died = shard.exited.then(() => true);
    const trainers = world.startTrainers(1);
    assert(await Promise.race([died, endsOf(trainers).then(() => false)]), 'the shard outlived its trainer');
    await shard.kill();
    await shard.start(faults);
    assert.deepEqual(await endsOf(trainers), [0]);
    const { lost, doubled } = await world.check();
    return lost + doubled > 0;
  } finally {
    await world.end();
  }
}
