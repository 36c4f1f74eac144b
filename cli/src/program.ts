// All verbs of `weir`, and how each way to end becomes an exit code.
import { readFileSync } from 'node:fs';
import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { registerCompletion } from './commands/completion.ts';
import { registerDev } from './commands/dev.ts';
import { registerDrain } from './commands/drain.ts';
import { registerExplain } from './commands/explain.ts';
import { registerGroup } from './commands/group.ts';
import { registerReplay } from './commands/replay.ts';
import { registerRouting } from './commands/routing.ts';
import { registerRows } from './commands/rows.ts';
import { registerServices } from './commands/services.ts';
import { registerSize } from './commands/size.ts';
import { registerSource } from './commands/source.ts';
import { registerStatus } from './commands/status.ts';
import { registerTable } from './commands/table.ts';
import { registerToken } from './commands/token.ts';
import { registerVerify } from './commands/verify.ts';
import { runVerb } from './process-telemetry.ts';
import { SERVICES } from './services.ts';

/** These start telemetry under names of their own. */
const OWN_TELEMETRY = new Set(['dev', 'replay', ...SERVICES.map(({ name }) => name)]);

/** All verbs, their options among them; nothing runs. */
export function createProgram(output: OutputConfiguration): Command {
  const program = new Command('weir')
    .description('Weir: a parameter server and the pipeline that keeps its models learning')
    .version(version(), '--version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput(output)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  weir dev                                     everything on this machine, on real data',
        '  weir replay --input traffic.ndjson --json    a data set through the whole loop',
        '  weir table list --seeds 127.0.0.1:7070       tables of a running cluster',
        '  weir ps --help                               settings of a service',
      ].join('\n'),
    );
  registerDev(program);
  registerReplay(program);
  registerServices(program);
  registerTable(program);
  registerRows(program);
  registerStatus(program);
  registerRouting(program);
  registerGroup(program);
  registerSource(program);
  registerExplain(program);
  registerDrain(program);
  registerVerify(program);
  registerSize(program);
  registerCompletion(program);
  registerToken(program);
  return program;
}

/**
 * The exit code: 0 done, 1 failed, 2 wrong usage. Undefined where the verb itself set the process's, as `status` and
 * services do. Help and messages about usage go to `output`, by default the process's.
 */
export async function runProgram(
  argv: readonly string[],
  output: OutputConfiguration = {},
): Promise<number | undefined> {
  const program = createProgram(output);
  const parse = async (): Promise<void> => void (await program.parseAsync([...argv], { from: 'user' }));
  try {
    if (OWN_TELEMETRY.has(argv[0] ?? '')) await parse();
    else {
      await runVerb((named) => {
        program.hook('preAction', (_, verb) => named(pathOf(verb)));
        return parse();
      });
    }
    return undefined;
  } catch (error) {
    // Its message is out already; --help is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { reportFailure } = await import('@weir/runtime');
    return reportFailure('weir', error);
  }
}

/** `weir table create`. */
function pathOf(verb: Command): string {
  return verb.parent === null ? verb.name() : `${pathOf(verb.parent)} ${verb.name()}`;
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
