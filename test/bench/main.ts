// `npm run bench -- NAME --json`: one JSON object per figure on stdout, progress on stderr.
import { parseCommandLine, wholeNumber, wrongUsage } from '../command-line.ts';
import { benchKernel } from './kernel.ts';
import { benchReplay } from './replay.ts';
import type { Bench } from './result.ts';

const BENCHES: Readonly<Record<string, Bench>> = { kernel: benchKernel, replay: benchReplay };

const USAGE = [
  'usage: npm run bench -- NAME [--json] [--runs N] [--dataset NAME --input PATH]',
  `NAME: ${Object.keys(BENCHES).join(', ')}`,
].join('\n');

const { values, positionals } = parseCommandLine(USAGE, {
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    dataset: { type: 'string' },
    input: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const bench = BENCHES[positionals[0] ?? ''];
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
if (bench === undefined) wrongUsage(USAGE, `no bench is named "${positionals[0] ?? ''}"`);
if ((values.dataset === undefined) !== (values.input === undefined)) {
  wrongUsage(USAGE, '--dataset and --input are given together');
}

const results = await bench({
  runs: wholeNumber(USAGE, 'runs', values.runs, 1),
  dataset: values.dataset,
  input: values.input,
  log: (line) => process.stderr.write(`${line}\n`),
});
for (const result of results) {
  const { bench: name, metric, value, unit, params } = result;
  const text = `${name} ${metric} = ${value} ${unit} ${JSON.stringify(params)}`;
  process.stdout.write(`${values.json ? JSON.stringify(result) : text}\n`);
}
