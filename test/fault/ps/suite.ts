// The parameter server's suite: rounds of kill -9 at the durabilities `process` and `machine` (there the power fails
// with the process), the canaries, and the faults that are no kill.
import assert from 'node:assert/strict';
import { verifyFolder } from '../../../ps/src/server/folder/verify-folder.ts';
import { type Print, type Totals, textOf } from '../report.ts';
import { checkCanaries, count, inFolder, inWorlds, type SuiteRun } from '../suite-parts.ts';
import { CANARIES } from './canaries.ts';
import { CHECKS, type Check } from './checks.ts';
import { killRound, MOMENTS } from './kill-round.ts';
import { cutPower } from './power-cut.ts';
import { World } from './world.ts';

/** What a round checks grows with the rounds before it. */
const ROUNDS_PER_WORLD = 12;
const CLIENTS = 3;

export async function psSuite(seed: number, rounds: number, totals: Totals, print: Print): Promise<void> {
  const suite = { name: 'ps', seed, totals, print };
  await inWorlds(suite, rounds, ROUNDS_PER_WORLD, (dir, first, end) => roundsOfWorld(suite, dir, first, end));
  for (const each of CHECKS) await check(each, suite);
  await checkCanaries(suite, CANARIES);
}

async function check({ name, run }: Check, { seed, totals, print }: SuiteRun): Promise<void> {
  try {
    const found = await inFolder((dir) => run(dir, seed));
    totals.passed++;
    print(`ps, ${name}: ${found}`);
  } catch (error) {
    totals.failed++;
    print(`ps, ${name}: ${textOf(error)}`);
  }
}

async function roundsOfWorld(suite: SuiteRun, dir: string, first: number, end: number): Promise<void> {
  const { seed, totals, print } = suite;
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
      const good = count(suite, verdict);
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
