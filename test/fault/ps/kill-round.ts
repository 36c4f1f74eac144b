// One round: clients push, the shard dies at a moment drawn from the seed (in a push, a materialisation round, a table
// change, its own recovery), comes back, and everything is compared.
import { setTimeout as delay } from 'node:timers/promises';
import type { Crash } from '../../../ps/src/testing/fault-plan.ts';
import type { Verdict } from './ledger.ts';
import { LANES_MAX } from './session.ts';
import type { World } from './world.ts';

export const MOMENTS = ['push', 'materialisation', 'table change', 'recovery'] as const;
export type Moment = (typeof MOMENTS)[number];

const PUSHES = 40;
/** A start takes about this long, so a kill after a part of it meets recovery. */
const START_MS = 500;

export interface KillRound {
  readonly verdict: Verdict;
  /** How the shard died, for the report. */
  readonly what: string;
}

/** @param afterDeath what becomes of the folder while nobody serves it. */
export async function killRound(
  world: World,
  moment: Moment,
  afterDeath: () => Promise<unknown> = async () => undefined,
): Promise<KillRound> {
  const { shard, random, churn, tuner } = world;
  await world.fillSessions();
  const crash = crashAt(moment, random, world.durability === 'machine');
  await shard.crash(crash);
  let working = true;
  let dead = false;
  const exited = shard.exited.then(() => {
    dead = true;
  });
  const pushing = Promise.all(
    world.sessions.map((session) => session.run(PUSHES, 1 + Math.floor(random() * LANES_MAX))),
  ).finally(() => {
    working = false;
  });
  const leaving = random() < 0.4 ? leave(world, () => dead || !working) : undefined;
  const churning = moment === 'table change' || random() < 0.2 ? churn.run(() => !working) : undefined;
  const tuning = moment === 'table change' || random() < 0.2 ? tuner.run(() => !working) : undefined;
  const materialising =
    moment === 'materialisation' || random() < 0.3 ? materialise(world, () => dead || !working) : undefined;
  // A round that fails ends before they do.
  const work = Promise.all([pushing, churning, tuning, leaving]);
  work.catch(() => undefined);
  await Promise.race([exited, pushing]);
  // The work may have been too little for the moment to come.
  await leaving;
  const how = dead ? 'died at' : 'killed at rest, not at';
  await shard.kill();
  await materialising;
  await afterDeath();
  const deaths = moment === 'recovery' ? 1 + Math.floor(random() * 2) : 0;
  for (let i = 0; i < deaths; i++) await dieInRecovery(world, afterDeath);
  await shard.start();
  await work;
  return {
    verdict: await world.check(),
    what: `${how} ${JSON.stringify(crash)}, ${deaths} more in recovery`,
  };
}

/** @param syncs whether the shard waits for the disk at all. */
function crashAt(moment: Moment, random: () => number, syncs: boolean): Crash {
  const when = random() < 0.5 ? 'before' : 'after';
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  if (random() < 0.3) return { at: 'time', afterMs: upTo(150) };
  switch (moment) {
    case 'push':
    case 'recovery':
      if (syncs && random() < 0.3) return { at: 'sync', when, count: upTo(20) };
      return { at: 'push', when, count: upTo(25) };
    case 'materialisation':
      if (random() < 0.2) return { at: 'rows', when, count: upTo(4) };
      if (random() < 0.4) return { at: 'pages', when, count: upTo(8) };
      return { at: random() < 0.5 ? 'mark' : 'flush', when, count: upTo(2) };
    case 'table change':
      return { at: 'table', when, count: upTo(4) };
  }
}

/** One client ends at once, with pushes under way. */
async function leave(world: World, late: () => boolean): Promise<void> {
  const leaver = world.sessions[Math.floor(world.random() * world.sessions.length)]!;
  const after = leaver.acknowledged + Math.floor(world.random() * PUSHES);
  while (leaver.acknowledged < after && !late()) await delay(1);
  await leaver.close();
}

async function materialise({ shard }: World, ended: () => boolean): Promise<void> {
  while (!ended()) {
    await shard.post('/materialise');
    await delay(2);
  }
}

/** Starts a shard that does not come far. */
async function dieInRecovery({ shard, random }: World, afterDeath: () => Promise<unknown>): Promise<void> {
  const crash: Crash =
    random() < 0.6
      ? { at: 'read', count: 1 + Math.floor(random() * 60) }
      : { at: 'time', afterMs: Math.floor(random() * START_MS) };
  // It may also be ready before its end comes.
  await shard.start({ crash }).catch(() => {
    shard.kills++;
  });
  await shard.kill();
  await afterDeath();
}
