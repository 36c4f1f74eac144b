// `npm run bench -- NAME --json`: one JSON object per figure on stdout, progress on stderr.
import { parseArgs } from 'node:util';
import { benchPsLatency } from './ps-latency.ts';
import { benchPsPull } from './ps-pull.ts';
import { benchPsPush } from './ps-push.ts';
import { benchReplay } from './replay.ts';
import type { Bench } from './result.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  'ps-push': benchPsPush,
  'ps-pull': benchPsPull,
  'ps-latency': benchPsLatency,
  replay: benchReplay,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    durability: { type: 'string', default: '' },
    keys: { type: 'string', default: '' },
    peer: { type: 'boolean', default: true },
    dataset: { type: 'string' },
    input: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const bench = BENCHES[positionals[0] ?? ''];
if (values.help || bench === undefined) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json] [--runs N]
  replay: [--dataset NAME --input PATH]
  ps-*:   [--seconds N] [--durability memory,process,machine] [--keys uniform,zipf] [--no-peer]
NAME: ${Object.keys(BENCHES).join(', ')}
`,
  );
  process.exit(values.help ? 0 : 2);
}

const listed = (text: string): string[] => text.split(',').filter((item) => item !== '');
const results = await bench({
  runs: Number(values.runs),
  seconds: Number(values.seconds),
  durability: listed(values.durability),
  keys: listed(values.keys),
  peer: values.peer,
  dataset: values.dataset,
  input: values.input,
  log: (line) => process.stderr.write(`${line}\n`),
});
for (const result of results) {
  const { bench: name, metric, value, unit, params } = result;
  const text = `${name} ${metric} = ${value} ${unit} ${JSON.stringify(params)}`;
  process.stdout.write(`${values.json ? JSON.stringify(result) : text}\n`);
}
