// `npm run test:jdata -- --input FOLDER`: the whole JData set through the loop, with the default windows and with 24 hours
// for all three labels; requests and positives must be those that count.ts finds in the files by itself.
import { isDeepStrictEqual } from 'node:util';
import type { ReplayOutput } from '@weir/quickstart';
import { parseCommandLine, wrongUsage } from '../command-line.ts';
import { runWeir } from '../e2e/run-weir.ts';
import { countJdata, LABELS } from './count.ts';

const USAGE = 'usage: npm run test:jdata -- --input FOLDER';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const CASES = [
  { windowsMs: { click: 20 * MINUTE_MS, cart: 2 * HOUR_MS, purchase: 24 * HOUR_MS }, flags: [] },
  {
    windowsMs: { click: 24 * HOUR_MS, cart: 24 * HOUR_MS, purchase: 24 * HOUR_MS },
    flags: ['--attribution', 'click=24h,cart=24h,purchase=24h'],
  },
];

const { values } = parseCommandLine(USAGE, { options: { input: { type: 'string' } } });
const { input } = values;
if (input === undefined) wrongUsage(USAGE, '--input is missing');

let failed = 0;
for (const { windowsMs, flags } of CASES) {
  const expected = await countJdata(input, windowsMs);
  const command = [
    'replay',
    '--format',
    'jdata',
    '--input',
    input,
    '--labels',
    LABELS.join(','),
    ...flags,
    '--json',
  ];
  process.stdout.write(`weir ${command.join(' ')}\n`);
  const { code, stdout, stderr } = await runWeir(command);
  if (code === 0) {
    process.stdout.write(stdout);
    const output = JSON.parse(stdout) as ReplayOutput;
    const found = {
      requests: output.requests,
      samples: output.samples,
      rejected: output.rejected,
      positives: Object.fromEntries(LABELS.map((label) => [label, output.labels[label]?.positives])),
    };
    const wanted = {
      requests: expected.requests,
      samples: expected.requests,
      rejected: 0,
      positives: expected.positives,
    };
    if (isDeepStrictEqual(found, wanted)) continue;
    process.stdout.write(`found ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}\n`);
  } else process.stdout.write(stderr);
  failed++;
}
process.stdout.write(`${CASES.length - failed} passed, ${failed} failed, 0 skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
