// What every operator's verb has: the cluster's addresses, `--json`, a connection that is closed at the end.
import type { Weir } from '@weir/sdk';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type Connection,
  type ConnectionFlags,
  connectionOf,
  connectionOptions,
} from './connection-options.ts';
import { VERB_TIMEOUT_MS } from './limits.ts';
import { print, type Result } from './output.ts';

export interface ClusterOptions extends ConnectionFlags {
  readonly seeds: readonly string[];
  readonly json?: true;
}

/** Adds `--seeds` (or WEIR_SEEDS), `--json` and the options of a connection. */
export function clusterVerb(command: Command): Command {
  const seeds = new Option('--seeds <HOST:PORT,...>', 'any shards; the others are found through them')
    .env('WEIR_SEEDS')
    .argParser(parseSeeds)
    .makeOptionMandatory();
  return connectionOptions(command.addOption(seeds).option('--json', 'print one JSON object on one line'));
}

/** Connects, runs, prints, closes. */
export async function onCluster(
  options: ClusterOptions,
  run: (weir: Weir, connection: Connection) => Promise<Result>,
): Promise<void> {
  // Here, so that --help and services do not pay for the client.
  const { connect } = await import('@weir/sdk');
  const { seeds } = options;
  const connection = await connectionOf(options);
  await using weir = await connect({
    seeds,
    clientId: 'weir-cli',
    timeoutMs: VERB_TIMEOUT_MS,
    ...connection,
  });
  print(await run(weir, connection), options.json === true);
}

function parseSeeds(text: string): string[] {
  const seeds = text.split(',').filter((seed) => seed !== '');
  for (const seed of seeds) address(seed);
  if (seeds.length === 0) throw new InvalidArgumentError('No address is given.');
  return seeds;
}

/** An argument that must be HOST:PORT. */
export function address(text: string): string {
  if (!/^.+:\d{1,5}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not HOST:PORT.`);
  return text;
}

/** An argument that must be a number. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
}

/** An argument that must be a number such as 0, 1, 2. */
export function wholeNumber(text: string): number {
  const value = number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It is not a whole number.');
  return value;
}
