// The exactly-once suite: rounds of traffic through the whole loop in which every service is killed, put to sleep and
// woken; the counts that the shards hold must be those of the traffic, as they are in a round that nobody disturbs.
import { mulberry32 } from '../../e2e/traffic.ts';
import { inFolder } from '../ps/suite.ts';
import { type Print, type Totals, textOf } from '../report.ts';
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
  for (let first = 0; first < rounds; first += ROUNDS_PER_WORLD) {
    const end = Math.min(rounds, first + ROUNDS_PER_WORLD);
    try {
      await inFolder((dir) => roundsOfWorld(dir, seed, first, end, totals, print));
    } catch (error) {
      totals.failed++;
      print(`exactly-once, rounds ${first + 1} to ${end}: ${textOf(error)}`);
    }
  }
  for (const canary of CANARIES) {
    const caught = await inFolder((dir) => canary.caught(dir, seed)).catch((error: unknown) => {
      print(textOf(error));
      return false;
    });
    if (!caught) totals.missedCanaries++;
    print(`exactly-once, canary '${canary.name}': ${caught ? 'caught' : 'missed'}`);
  }
}

/** A world in which something went wrong is left. */
async function roundsOfWorld(
  dir: string,
  seed: number,
  first: number,
  end: number,
  totals: Totals,
  print: Print,
): Promise<void> {
  const world = await World.begin({
    dir,
    seed: seed * 100_003 + first,
    isStitcherAlone: (first / ROUNDS_PER_WORLD) % 2 === 1,
  });
  const random = mulberry32(seed * 100_019 + first);
  const run = async (round: number, faults: readonly ScheduledFault[], what: string): Promise<boolean> => {
    const startMs = performance.now();
    const { kills, ended, lost, doubled, problems } = await world.round(round, faults);
    const good = lost === 0 && doubled === 0 && problems.length === 0;
    totals.kills += kills;
    totals.lost += lost;
    totals.doubled += doubled;
    totals[good ? 'passed' : 'failed']++;
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
