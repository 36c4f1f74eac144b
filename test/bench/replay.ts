// The whole loop at full speed: `weir replay` as a user runs it, samples per second of its own clock.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { ReplayOutput } from '@weir/quickstart';
import { type BenchOptions, type BenchResult, median } from './result.ts';

const WEIR = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const MOVIELENS = fileURLToPath(new URL('../../quickstart/data/movielens-latest-small', import.meta.url));

export async function benchReplay(options: BenchOptions): Promise<readonly BenchResult[]> {
  const rates: number[] = [];
  let dataset = '';
  for (let run = 1; run <= options.runs; run++) {
    const result = await replayOnce(options.dataset, options.input);
    dataset = result.dataset;
    options.log(`run ${run} of ${options.runs}: ${result.samples} samples in ${result.duration_s} s`);
    rates.push(result.samples_per_s);
  }
  const params = { dataset, model: 'lr' };
  return [
    {
      bench: 'replay',
      metric: 'samples_per_s',
      value: median(rates),
      unit: 'sample/s',
      runs: rates.length,
      params,
    },
  ];
}

export interface BenchReplay extends ReplayOutput {
  readonly dataset: string;
}

/** Default: the data set that the project ships. */
export async function replayOnce(
  dataset = 'movielens',
  input = MOVIELENS,
  more: readonly string[] = [],
): Promise<BenchReplay> {
  const flags = ['--format', dataset, '--input', input, '--model', 'lr', '--json'];
  const child = spawn(process.execPath, [WEIR, 'replay', ...flags, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const output = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`weir replay ended with exit code ${code}`);
  return { ...(JSON.parse(output) as ReplayOutput), dataset };
}
