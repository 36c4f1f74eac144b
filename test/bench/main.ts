// `npm run bench -- NAME --json`: one JSON object per figure on stdout, progress on stderr.
import { parseArgs } from 'node:util';
import { benchKernel } from './kernel.ts';
import { benchReplay } from './replay.ts';
import type { Bench } from './result.ts';

const BENCHES: Readonly<Record<string, Bench>> = { kernel: benchKernel, replay: benchReplay };

const { values, positionals } = parseArgs({
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
if (values.help || bench === undefined) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json] [--runs N] [--dataset NAME --input PATH]\nNAME: ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exit(values.help ? 0 : 2);
}

const results = await bench({
  runs: Number(values.runs),
  dataset: values.dataset,
  input: values.input,
  log: (line) => process.stderr.write(`${line}\n`),
});
for (const result of results) {
  const { bench: name, metric, value, unit, params } = result;
  const text = `${name} ${metric} = ${value} ${unit} ${JSON.stringify(params)}`;
  process.stdout.write(`${values.json ? JSON.stringify(result) : text}\n`);
}
