// The parameter server's suite: rounds of kill -9 at the durabilities `process` and `machine` (there the power fails
// with the process), the canaries, and the faults that are no kill.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyFolder } from '../../../ps/src/server/folder/verify-folder.ts';
import { type Print, type Totals, textOf } from '../report.ts';
import { CANARIES } from './canaries.ts';
import { CHECKS, type Check } from './checks.ts';
import { killRound, MOMENTS } from './kill-round.ts';
import { cutPower } from './power-cut.ts';
import { World } from './world.ts';

/** What a round checks grows with the rounds before it. */
const ROUNDS_PER_WORLD = 12;
const CLIENTS = 3;

export async function psSuite(seed: number, rounds: number, totals: Totals, print: Print): Promise<void> {
  for (let first = 0; first < rounds; first += ROUNDS_PER_WORLD) {
    const end = Math.min(rounds, first + ROUNDS_PER_WORLD);
    try {
      await inFolder((dir) => roundsOfWorld(dir, seed, first, end, totals, print));
    } catch (error) {
      totals.failed++;
      print(`ps, rounds ${first + 1} to ${end}: ${textOf(error)}`);
    }
  }
  for (const each of CHECKS) await check(each, seed, totals, print);
  for (const canary of CANARIES) {
    const caught = await inFolder((dir) => canary.caught(dir, seed)).catch((error: unknown) => {
      print(textOf(error));
      return false;
    });
    if (!caught) totals.missedCanaries++;
    print(`ps, canary '${canary.name}': ${caught ? 'caught' : 'missed'}`);
  }
}

async function check({ name, run }: Check, seed: number, totals: Totals, print: Print): Promise<void> {
  try {
    const found = await inFolder((dir) => run(dir, seed));
    totals.passed++;
    print(`ps, ${name}: ${found}`);
  } catch (error) {
    totals.failed++;
    print(`ps, ${name}: ${textOf(error)}`);
  }
}

/** Rounds of one world; a world in which something went wrong is left. */
async function roundsOfWorld(
  dir: string,
  seed: number,
  first: number,
  end: number,
  totals: Totals,
  print: Print,
): Promise<void> {
  const durability = (first / ROUNDS_PER_WORLD) % 2 === 0 ? 'process' : 'machine';
  const world = await World.begin({ dir, seed: seed * 100_003 + first, durability, clients: CLIENTS });
  const { shard } = world;
  let bytesCut = 0;
  const afterDeath = async () => {
    if (durability === 'machine') {
      bytesCut += (await cutPower(shard.data, shard.syncJournal, world.random)).bytesCut;
    }
    const { problems } = await verifyFolder(shard.data);
    assert.deepEqual(problems, [], 'weir verify after a kill');
  };
  try {
    for (let round = first; round < end; round++) {
      totals.rounds++;
      const moment = MOMENTS[round % MOMENTS.length]!;
      const { verdict, what } = await killRound(world, moment, afterDeath);
      const { lost, doubled, problems } = verdict;
      const good = lost === 0 && doubled === 0 && problems.length === 0;
      totals.lost += lost;
      totals.doubled += doubled;
      totals[good ? 'passed' : 'failed']++;
      print(`ps, round ${round + 1}: ${durability}, ${moment}, ${what}: lost ${lost}, doubled ${doubled}`);
      if (bytesCut > 0) print(`  the power cut took ${bytesCut} bytes that no sync covered`);
      bytesCut = 0;
      for (const problem of problems) print(`  ${problem}`);
      if (!good) return;
    }
  } finally {
    await world.end();
    totals.kills += shard.kills;
  }
}

export async function inFolder<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-fault-'));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
