// The exactly-once suite: rounds of traffic through the whole loop in which every service is killed, put to sleep and
// woken; the counts that the shards hold must be those of the traffic, as they are in a round that nobody disturbs.
import { mulberry32 } from '../../e2e/traffic.ts';
import type { Print, Totals } from '../report.ts';
import { checkCanaries, count, inWorlds, type SuiteRun } from '../suite-parts.ts';
import { CANARIES } from './canaries.ts';
import { drawFaults, faultText, type ScheduledFault } from './schedule.ts';
import { World } from './world.ts';

/** Starting the services takes as long as a round. */
const ROUNDS_PER_WORLD = 8;

export async function exactlyOnceSuite(
  seed: number,
  rounds: number,
  totals: Totals,
  print: Print,
): Promise<void> {
  const suite = { name: 'exactly-once', seed, totals, print };
  await inWorlds(suite, rounds, ROUNDS_PER_WORLD, (dir, first, end) => roundsOfWorld(suite, dir, first, end));
  await checkCanaries(suite, CANARIES);
}

async function roundsOfWorld(suite: SuiteRun, dir: string, first: number, end: number): Promise<void> {
  const { seed, totals, print } = suite;
  const world = await World.begin({
    dir,
    seed: seed * 100_003 + first,
    isStitcherAlone: (first / ROUNDS_PER_WORLD) % 2 === 1,
  });
  const random = mulberry32(seed * 100_019 + first);
  const run = async (round: number, faults: readonly ScheduledFault[], what: string): Promise<boolean> => {
    const startMs = performance.now();
    const result = await world.round(round, faults);
    const { kills, ended, lost, doubled, problems } = result;
    const good = count(suite, result);
    totals.kills += kills;
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    print(`exactly-once, ${what}: lost ${lost}, doubled ${doubled} (${seconds} s)`);
    for (const message of ended) print(`  ${message}`);
    for (const problem of problems) print(`  ${problem}`);
    return good;
  };
  try {
    if (first === 0 && !(await run(-1, [], 'undisturbed'))) return;
    for (let round = first; round < end; round++) {
      totals.rounds++;
      const faults = drawFaults(random, round, world.targets);
      const what = `round ${round + 1}: ${faults.map(faultText).join(', ')}`;
      if (!(await run(round, faults, what))) return;
    }
  } finally {
    await world.end();
  }
}
