// Replays of known traffic; in each round one service, every one in turn, is killed with SIGKILL at a moment drawn
// from the seed. No sample and no positive may be lost or doubled.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replayWithKill } from '../e2e/replay-with-kill.ts';
import { makeTraffic, mulberry32 } from '../e2e/traffic.ts';
import { checkSamples } from './check-samples.ts';
import { type Print, type Totals, textOf } from './report.ts';

export const SERVICES = [
  'stitcher',
  'streams',
  'collector',
  'predictor',
  'trainer-0',
  'shard-0',
  'shard-1',
  'shard-2',
];
const REQUESTS = 800;
const DOCUMENTS = 8;

/** The last round checks too that a doubled sample would be noticed. */
export async function pipelineSuite(
  seed: number,
  rounds: number,
  totals: Totals,
  print: Print,
): Promise<void> {
  const random = mulberry32(seed);
  let canaryCaught = false;
  for (let round = 0; round < rounds; round++) {
    totals.rounds++;
    const service = SERVICES[round % SERVICES.length]!;
    const atPart = 0.15 + 0.7 * random();
    const traffic = makeTraffic({
      seed: seed * 1_000 + round,
      requests: REQUESTS,
      docsPerRequest: DOCUMENTS,
    });
    const folder = await mkdtemp(join(tmpdir(), 'weir-fault-'));
    const what = `pipeline, round ${round + 1}: ${service} killed at ${(atPart * 100).toFixed(0)} %`;
    try {
      const { restarts, found, foundWithCanary } = await replayWithKill({
        traffic,
        folder,
        deterministic: false,
        window: 4,
        service,
        atPart,
        canary: round === rounds - 1,
      });
      const { lost, doubled } = checkSamples(traffic, found);
      if (foundWithCanary !== undefined) canaryCaught = checkSamples(traffic, foundWithCanary).doubled > 0;
      totals.kills += restarts;
      totals.lost += lost;
      totals.doubled += doubled;
      totals[restarts > 0 && lost === 0 && doubled === 0 ? 'passed' : 'failed']++;
      print(`${what}: ${restarts} restarts, lost ${lost}, doubled ${doubled}`);
    } catch (error) {
      totals.failed++;
      print(`${what}: ${textOf(error)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  if (!canaryCaught) totals.missedCanaries++;
}
