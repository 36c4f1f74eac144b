// `npm run test:fault -- --seed S --rounds N`: replays of known traffic; in each round one service, every one in turn, is
// killed with SIGKILL at a moment drawn from the seed. No sample and no positive may be lost or doubled.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCommandLine, wholeNumber } from '../command-line.ts';
import { replayWithKill } from '../e2e/replay-with-kill.ts';
import { makeTraffic, mulberry32 } from '../e2e/traffic.ts';
import { checkSamples, type Verdict } from './check-samples.ts';

const SERVICES = [
  'stitcher',
  'streams',
  'collector',
  'predictor',
  'trainer',
  'shard-0',
  'shard-1',
  'shard-2',
];
const REQUESTS = 800;
const DOCUMENTS = 8;

const USAGE = 'usage: npm run test:fault -- [--seed S] [--rounds N]';

const { values } = parseCommandLine(USAGE, {
  options: { seed: { type: 'string', default: '1' }, rounds: { type: 'string', default: '8' } },
});
const seed = wholeNumber(USAGE, 'seed', values.seed, 0);
const rounds = wholeNumber(USAGE, 'rounds', values.rounds, 1);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`replay with: npm run test:fault -- --seed ${seed} --rounds ${rounds}`);

const random = mulberry32(seed);
const sum = { kills: 0, lost: 0, doubled: 0, passed: 0, failed: 0 };
let canaryCaught = false;
for (let round = 0; round < rounds; round++) {
  const service = SERVICES[round % SERVICES.length]!;
  const atPart = 0.15 + 0.7 * random();
  const traffic = makeTraffic({ seed: seed * 1_000 + round, requests: REQUESTS, docsPerRequest: DOCUMENTS });
  const folder = await mkdtemp(join(tmpdir(), 'weir-fault-'));
  const what = `round ${round + 1}: ${service} killed at ${(atPart * 100).toFixed(0)} %`;
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
    const verdict = checkSamples(traffic, found);
    if (foundWithCanary !== undefined) canaryCaught = checkSamples(traffic, foundWithCanary).doubled > 0;
    sum.kills += restarts;
    sum.lost += verdict.lost;
    sum.doubled += verdict.doubled;
    const good = restarts > 0 && isClean(verdict);
    sum[good ? 'passed' : 'failed']++;
    print(`${what}: ${restarts} restarts, lost ${verdict.lost}, doubled ${verdict.doubled}`);
  } catch (error) {
    sum.failed++;
    print(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const { kills, lost, doubled, passed, failed } = sum;
if (failed > 0) print(`replay with: npm run test:fault -- --seed ${seed} --rounds ${rounds}`);
print(
  `rounds ${rounds}, kills ${kills}, lost ${lost}, doubled ${doubled}, canary ${canaryCaught ? 'caught' : 'missed'}`,
);
print(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed === 0 && canaryCaught ? 0 : 1);

function isClean({ lost, doubled }: Verdict): boolean {
  return lost === 0 && doubled === 0;
}
