// `npm run test:fault -- --seed S --rounds N --suite ps|pipeline|exactly-once`: processes are killed at moments drawn from
// the seed, disks fail, clients misbehave; nothing acknowledged may be lost or count twice. Without --suite all run: a
// quarter of the rounds each for pipeline (at most one for each of its services) and exactly-once (at most one for each
// victim, twice), the parameter server has the others.
import { parseCommandLine, wholeNumber, wrongUsage } from '../command-line.ts';
import { exactlyOnceSuite } from './exactly-once/suite.ts';
import { pipelineSuite, SERVICES } from './pipeline-suite.ts';
import { psSuite } from './ps/suite.ts';
import { lastLines, noTotals, type Print, type Totals } from './report.ts';

type Suite = (seed: number, rounds: number, totals: Totals, print: Print) => Promise<void>;

const SUITES: Readonly<Record<string, Suite>> = {
  ps: psSuite,
  pipeline: pipelineSuite,
  'exactly-once': exactlyOnceSuite,
};
const USAGE = `usage: npm run test:fault -- [--suite ${Object.keys(SUITES).join('|')}] [--seed S] [--rounds N]`;

const { values } = parseCommandLine(USAGE, {
  options: {
    suite: { type: 'string' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '40' },
  },
});
const { suite } = values;
if (suite !== undefined && SUITES[suite] === undefined) {
  wrongUsage(USAGE, `--suite must be one of ${Object.keys(SUITES).join(', ')}, not ${suite}`);
}
const seed = wholeNumber(USAGE, 'seed', values.seed, 0);
const rounds = wholeNumber(USAGE, 'rounds', values.rounds, suite === undefined ? 4 : 1);
const print: Print = (line) => void process.stdout.write(`${line}\n`);
const replay = `replay with: npm run test:fault --${suite === undefined ? '' : ` --suite ${suite}`} --seed ${seed} --rounds ${rounds}`;
print(replay);

const totals = noTotals();
if (suite !== undefined) await SUITES[suite]!(seed, rounds, totals, print);
else {
  const quarter = Math.floor(rounds / 4);
  const pipeline = Math.min(SERVICES.length, quarter);
  const exactlyOnce = Math.min(2 * SERVICES.length, quarter);
  await psSuite(seed, rounds - pipeline - exactlyOnce, totals, print);
  await pipelineSuite(seed, pipeline, totals, print);
  await exactlyOnceSuite(seed, exactlyOnce, totals, print);
}

if (totals.failed > 0) print(replay);
print(lastLines(totals));
process.exit(totals.failed === 0 && totals.missedCanaries === 0 ? 0 : 1);
