// `weir replay`: a data set through the whole loop, every service a process of its own.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MEMBERS_MAX } from '../local-cluster/limits.ts';
import { telemetryOption } from '../telemetry-option.ts';

const FORMATS = ['ndjson', 'trivago', 'jdata', 'movielens'] as const;
const POLICIES = ['wait', 'fast'] as const;

/** As given on the command line. */
export interface ReplayFlags {
  readonly input: string;
  readonly format: (typeof FORMATS)[number];
  readonly speed: number | 'max';
  readonly model: string;
  readonly schema?: string;
  readonly static?: string;
  readonly labels: readonly string[];
  /** `LABEL=TIME` each. */
  readonly attribution: readonly string[];
  readonly policy: (typeof POLICIES)[number];
  readonly window?: number;
  readonly trainers: number;
  readonly stitchers: number;
  readonly deterministic: boolean;
  readonly strict: boolean;
  readonly data?: string;
  readonly telemetry?: string;
  readonly json: boolean;
}

export function registerReplay(program: Command): void {
  program
    .command('replay')
    .summary('send a data set through the whole loop')
    .description(
      'Sends a data set through the whole loop on this machine: rank, log, collect, stitch, train, serve. Starts every ' +
        'service as a process and ends them afterwards. Bad lines are reported on stderr, counted and skipped.',
    )
    .requiredOption('--input <path>', "file (.gz too), or the set's folder for trivago, jdata and movielens")
    .addOption(new Option('--format <format>', 'of the input').choices(FORMATS).default('ndjson'))
    .option('--speed <max|N>', 'as fast as it goes, or N times as fast as it happened', parseSpeed, 'max')
    .option('--model <name|file>', 'built-in model, or a module of your own', 'lr')
    .option('--static <file>', "the model's static part, an ONNX file")
    .option('--schema <file>', "the model's schema file")
    .option('--labels <names>', 'labels to learn, one head each', parseNames, ['click'])
    .option(
      '--attribution <label=time,...>',
      "how long a label's events count, as click=24h; default: the schema's, or by label",
      parseNames,
      [],
    )
    .addOption(
      new Option('--policy <policy>', 'when samples are emitted: at the end of their window, or at once')
        .choices(POLICIES)
        .default('wait'),
    )
    .option(
      '--window <requests>',
      "requests of one of a trainer's windows (default: by format, shared by the trainers)",
      parseCount,
    )
    .option('--trainers <count>', 'that share the partitions of the samples', parseMembers, 1)
    .option('--stitchers <count>', 'that share the partitions of features and behaviour', parseMembers, 1)
    .option('--deterministic', 'the same input gives the same figures: one batch in flight', false)
    .option('--strict', 'stop at the first line that cannot be used', false)
    .option('--data <dir>', 'keep shards, streams and logs there (default: a temporary folder)')
    .addOption(telemetryOption())
    .option('--json', 'print one JSON object on one line', false)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  weir replay --input traffic.ndjson.gz --labels click,purchase --json',
        '  weir replay --input traffic.ndjson --model ./my-model.ts --schema schema.json',
        '  weir replay --input jdata-openmldb --format jdata --labels click,cart,purchase --attribution click=24h,cart=24h --json',
        '  weir replay --input quickstart/data/movielens-latest-small --format movielens --deterministic --json',
      ].join('\n'),
    )
    .action(async (flags: ReplayFlags) => {
      const { runReplay } = await import('./run-replay.ts');
      await runReplay(flags);
    });
}

function parseSpeed(text: string): number | 'max' {
  if (text === 'max') return text;
  const factor = Number(text);
  if (Number.isFinite(factor) && factor > 0) return factor;
  throw new InvalidArgumentError('It must be max or a positive number.');
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('It must be a positive whole number.');
}

function parseMembers(text: string): number {
  const count = parseCount(text);
  if (count <= MEMBERS_MAX) return count;
  throw new InvalidArgumentError(`It must be at most ${MEMBERS_MAX}.`);
}

function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('') || new Set(names).size < names.length) {
    throw new InvalidArgumentError('It must be different names, separated by commas.');
  }
  return names;
}
