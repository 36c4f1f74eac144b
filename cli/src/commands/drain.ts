// `weir drain`: prepares one shard for a planned stop, over its admin port.
import { isErrorCode, WeirError } from '@weir/proto';
import { type Command, Option } from 'commander';
import { address, wholeNumber } from '../cluster-verb.ts';
import { type ConnectionFlags, connectionOf, connectionOptions } from '../connection-options.ts';
import { DRAIN_TIMEOUT_MS } from '../limits.ts';
import { print } from '../output.ts';

interface AdminError {
  readonly code?: string;
  readonly message?: string;
}

interface DrainFlags extends ConnectionFlags {
  readonly admin: string;
  readonly timeoutMs: number;
  readonly json?: true;
}

export function registerDrain(program: Command): void {
  connectionOptions(program.command('drain'))
    .summary('prepare a shard for a planned stop')
    .description(
      'Has a shard write all that has changed, while it serves, so that its next start has little to replay. It goes on serving. ' +
        'Exit code 1 if it could not in time: a stop is then as safe, and the next start takes longer.',
    )
    .addOption(
      new Option('--admin <HOST:PORT>', "the shard's --admin-listen")
        .argParser(address)
        .makeOptionMandatory(),
    )
    .option('--timeout-ms <N>', 'how long it may take', wholeNumber, DRAIN_TIMEOUT_MS)
    .option('--json', 'print one JSON object on one line')
    .addHelpText('after', '\nExample:\n  weir drain --admin 127.0.0.1:9464 --timeout-ms 20000')
    .action(async (flags: DrainFlags) => {
      const { admin, json } = flags;
      const lowMark = await materialise(flags);
      const text =
        lowMark === undefined
          ? 'nothing to write: its durability is memory'
          : `written up to position ${lowMark}`;
      print({ json: { admin, low_mark: lowMark ?? null }, text }, json === true);
    });
}

/** Position up to which rows are written; undefined for a shard that keeps nothing on disk. */
async function materialise(flags: DrainFlags): Promise<number | undefined> {
  const { admin, timeoutMs } = flags;
  const { callAdmin } = await import('../admin-call.ts');
  const connection = await connectionOf(flags);
  const answer = await callAdmin({ admin, method: 'POST', path: '/materialise', timeoutMs, connection });
  const body = answer.body as { readonly low_mark?: number; readonly error?: AdminError };
  if (answer.status === 404) return undefined;
  if (answer.status !== 200 || body.low_mark === undefined) {
    const { code = 'STORAGE_FAILED', message = `status ${answer.status}` } = body.error ?? {};
    throw new WeirError(
      isErrorCode(code) && code !== 'INTERNAL' ? code : 'STORAGE_FAILED',
      `${admin} could not write: ${message}`,
    );
  }
  return body.low_mark;
}
