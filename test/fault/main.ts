// `npm run test:fault -- --seed S --rounds N --suite ps|pipeline`: processes are killed at moments drawn from the seed,
// disks fail, clients misbehave; nothing acknowledged may be lost or count twice. Without --suite both run: the
// pipeline with one round for each of its services, or half of the rounds if that is less, the parameter server with
// the others.
import { parseCommandLine, wholeNumber, wrongUsage } from '../command-line.ts';
import { pipelineSuite, SERVICES } from './pipeline-suite.ts';
import { psSuite } from './ps/suite.ts';
import { lastLines, noTotals, type Print } from './report.ts';

const USAGE = 'usage: npm run test:fault -- [--suite ps|pipeline] [--seed S] [--rounds N]';

const { values } = parseCommandLine(USAGE, {
  options: {
    suite: { type: 'string', default: 'both' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '40' },
  },
});
const { suite } = values;
if (suite !== 'both' && suite !== 'ps' && suite !== 'pipeline') {
  wrongUsage(USAGE, `--suite must be ps or pipeline, not ${suite}`);
}
const seed = wholeNumber(USAGE, 'seed', values.seed, 0);
const rounds = wholeNumber(USAGE, 'rounds', values.rounds, suite === 'both' ? 2 : 1);
const print: Print = (line) => void process.stdout.write(`${line}\n`);
const replay = `replay with: npm run test:fault --${suite === 'both' ? '' : ` --suite ${suite}`} --seed ${seed} --rounds ${rounds}`;
print(replay);

const totals = noTotals();
const ofPipeline = { both: Math.min(SERVICES.length, Math.floor(rounds / 2)), ps: 0, pipeline: rounds }[
  suite
];
if (suite !== 'pipeline') await psSuite(seed, rounds - ofPipeline, totals, print);
if (suite !== 'ps') await pipelineSuite(seed, ofPipeline, totals, print);

if (totals.failed > 0) print(replay);
print(lastLines(totals));
process.exit(totals.failed === 0 && totals.missedCanaries === 0 ? 0 : 1);
