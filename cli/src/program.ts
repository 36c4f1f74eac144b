// All verbs of `weir`, and how each way to end becomes an exit code.
import { Command, CommanderError } from 'commander';
import { registerDev } from './commands/dev.ts';
import { registerReplay } from './commands/replay.ts';
import { registerRouting } from './commands/routing.ts';
import { registerRows } from './commands/rows.ts';
import { registerServices } from './commands/services.ts';
import { registerStatus } from './commands/status.ts';
import { registerTable } from './commands/table.ts';

export function createProgram(): Command {
  const program = new Command('weir')
    .description('Weir: a parameter server and the pipeline that keeps its models learning')
    .enablePositionalOptions()
    .exitOverride()
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
  return program;
}

/** Sets the process's exit code; leaves it to a verb to set 1 by itself when its answer is a bad one. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // The message stands on stderr already; --help and --version are no errors.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const { reportFailure } = await import('@weir/runtime');
    process.exitCode = reportFailure('weir', error);
  }
}
