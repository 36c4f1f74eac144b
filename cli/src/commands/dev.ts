// `weir dev` (`npm start`): everything on this machine, on real data.
import { type Command, Option } from 'commander';
import { telemetryOption } from '../telemetry-option.ts';

/** As given on the command line. */
export interface DevFlags {
  readonly replay: 'movielens';
  readonly scenario?: 'shop';
  readonly data: string;
  readonly headless: boolean;
  readonly telemetry?: string;
  readonly json: boolean;
  /** `host:port` of the live view. */
  readonly liveListen: string;
  readonly insecure: boolean;
}

export function registerDev(program: Command): void {
  program
    .command('dev')
    .summary('show everything on this machine, on real data')
    .description(
      'Everything on this machine: three shards and every service learn from MovieLens as live traffic. It prints the ' +
        'address of a page that shows the model learn. Ctrl-C ends it and prints a summary; the next start goes on ' +
        'in the same folder as a new run.',
    )
    .addOption(new Option('--replay <set>', 'real data to show').choices(['movielens']).default('movielens'))
    .addOption(new Option('--scenario <name>', 'made-up traffic to show instead').choices(['shop']))
    .option('--data <dir>', 'where shards, streams and logs are kept', '.weir/dev')
    .option('--headless', 'print lines instead of drawing', false)
    .addOption(telemetryOption())
    .option(
      '--live-listen <host:port>',
      'where the live view is served; port 0 takes a free one',
      '127.0.0.1:0',
    )
    .option('--insecure', 'let other machines reach the live view, where --live-listen says so', false)
    .option('--json', 'end with one JSON object on stdout; everything else goes to stderr', false)
    .addHelpText(
      'after',
      '\nExamples:\n  weir dev\n  weir dev --headless --json | tail -1 > figures.json\n  weir dev --scenario shop\n  weir dev --data /tmp/weir-dev',
    )
    .action(async (flags: DevFlags) => {
      const { runDev } = await import('./run-dev.ts');
      await runDev(flags);
    });
}
