// How a process ends on an error: expected ones in one clear line, defects with their stack.
import { WeirError } from '@weir/proto';
import type { Logger } from 'pino';
import { UsageError } from '../usage-error.ts';

/** Says what went wrong on stderr; returns the exit code: 2 for wrong usage, else 1. */
export function reportFailure(program: string, error: unknown, log?: Logger): 1 | 2 {
  if (error instanceof UsageError) {
    process.stderr.write(`${program}: ${error.message}\nSee ${program} --help\n`);
    return 2;
  }
  if (error instanceof WeirError && error.code !== 'INTERNAL') {
    process.stderr.write(`${program}: ${error.code}: ${error.message}\n`);
  } else if (log !== undefined) {
    log.fatal({ err: error }, 'ended by an unexpected error');
  } else {
    process.stderr.write(
      `${program}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  }
  return 1;
}
