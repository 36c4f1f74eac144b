// `npm run bench -- NAME --json`: one JSON object per figure on stdout, progress on stderr.
import { parseCommandLine, wholeNumber, wrongUsage } from '../command-line.ts';
import { benchBarrier } from './barrier.ts';
import { benchFreshness } from './freshness.ts';
import { benchKernel } from './kernel.ts';
import { benchPsLatency } from './ps-latency.ts';
import { benchPsMemory } from './ps-memory.ts';
import { benchPsMixed } from './ps-mixed.ts';
import { benchPsPull } from './ps-pull.ts';
import { benchPsPush } from './ps-push.ts';
import { benchPsPushSource } from './ps-push-source.ts';
import { benchPsRecovery } from './ps-recovery.ts';
import { benchPsSlices } from './ps-slices.ts';
import { benchPsSpill } from './ps-spill.ts';
import { benchReplay } from './replay.ts';
import type { Bench } from './result.ts';
import { benchStitchGroup } from './stitch-group.ts';
import { benchTelemetry } from './telemetry.ts';
import { benchTrainers } from './trainers.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  kernel: benchKernel,
  'ps-push': benchPsPush,
  'ps-push-source': benchPsPushSource,
  'ps-pull': benchPsPull,
  'ps-mixed': benchPsMixed,
  'ps-latency': benchPsLatency,
  'ps-slices': benchPsSlices,
  'ps-recovery': benchPsRecovery,
  'ps-memory': benchPsMemory,
  'ps-spill': benchPsSpill,
  barrier: benchBarrier,
  freshness: benchFreshness,
  replay: benchReplay,
  trainers: benchTrainers,
  'stitch-group': benchStitchGroup,
  telemetry: benchTelemetry,
};

const USAGE = [
  'usage: npm run bench -- NAME [--json] [--runs N]',
  '  replay, trainers: [--dataset NAME --input PATH]',
  '  barrier, freshness, telemetry: [--seconds N]',
  '  ps-*:   [--seconds N] [--durability memory,process,machine] [--keys uniform,zipf] [--no-peer]',
  '  ps-recovery, ps-memory, ps-spill: [--rows N]',
  `NAME: ${Object.keys(BENCHES).join(', ')}`,
].join('\n');

const { values, positionals } = parseCommandLine(USAGE, {
  allowPositionals: true,
  allowNegative: true,
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    rows: { type: 'string', default: '10000000' },
    durability: { type: 'string', default: '' },
    keys: { type: 'string', default: '' },
    peer: { type: 'boolean', default: true },
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

const listed = (text: string): string[] => text.split(',').filter((item) => item !== '');
const results = await bench({
  runs: wholeNumber(USAGE, 'runs', values.runs, 1),
  seconds: wholeNumber(USAGE, 'seconds', values.seconds, 1),
  rows: wholeNumber(USAGE, 'rows', values.rows, 1),
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
