// `weir drain`: prepares one shard for a planned stop, over its admin port.
import { WeirError } from '@weir/proto';
import { type Command, Option } from 'commander';
import { address, wholeNumber } from '../cluster-verb.ts';
import { DRAIN_TIMEOUT_MS } from '../limits.ts';
import { print } from '../output.ts';

interface DrainFlags {
  readonly admin: string;
  readonly timeoutMs: number;
  readonly json?: true;
}

export function registerDrain(program: Command): void {
  program
    .command('drain')
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
    .action(async ({ admin, timeoutMs, json }: DrainFlags) => {
      const lowMark = await materialise(admin, timeoutMs);
      const text =
        lowMark === undefined
          ? 'nothing to write: its durability is memory'
          : `written up to position ${lowMark}`;
      print({ json: { admin, low_mark: lowMark ?? null }, text }, json === true);
    });
}

/** Position up to which rows are written; undefined for a shard that keeps nothing on disk. */
async function materialise(admin: string, timeoutMs: number): Promise<number | undefined> {
  let answer: Response;
  let body: { readonly low_mark?: number; readonly error?: { readonly message?: string } };
  try {
    answer = await fetch(`http://${admin}/materialise`, {
      method: 'POST',
      signal: AbortSignal.timeout(timeoutMs),
    });
    body = (await answer.json()) as typeof body;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'TimeoutError') {
      throw new WeirError('DEADLINE_EXCEEDED', `${admin} has not written everything within ${timeoutMs} ms`);
    }
    throw new WeirError('UNAVAILABLE', `${admin} does not answer: is it the shard's --admin-listen?`, {
      cause,
    });
  }
  if (answer.status === 404) return undefined;
  if (!answer.ok || body.low_mark === undefined) {
    throw new WeirError(
      'STORAGE_FAILED',
      `${admin} could not write: ${body.error?.message ?? answer.status}`,
    );
  }
  return body.low_mark;
}
