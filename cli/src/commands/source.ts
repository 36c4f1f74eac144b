// `weir source describe|reset GROUP`: how far each shard has applied the partitions of a source.
import type { ShardOffsets, SourceOffset } from '@weir/sdk';
import { type Command, Option } from 'commander';
import { address, type ClusterOptions, clusterVerb, onCluster, wholeNumber } from '../cluster-verb.ts';
import type { Connection } from '../connection-options.ts';
import { VERB_TIMEOUT_MS } from '../limits.ts';
import { columns, type Result } from '../output.ts';

interface DescribeOptions extends ClusterOptions {
  readonly streams?: string;
}

interface ResetOptions extends ClusterOptions {
  readonly partition?: readonly number[];
}

/** What a trainer reads. */
const STREAM = 'samples';

export function registerSource(program: Command): void {
  const source = program.command('source').summary('look at source offsets, or forget them');
  source.description('How far each shard has applied the partitions of a source, for a group of trainers.');
  source.addHelpText('after', '\nExample:\n  weir source describe --help');
  const streams = new Option(
    '--streams <HOST:PORT>',
    `streams server; gives the lag behind the ends of "${STREAM}"`,
  )
    .env('WEIR_STREAMS')
    .argParser(address);
  clusterVerb(source.command('describe'))
    .summary('show offsets by partition and shard')
    .description(
      'Where the group began in each partition, up to where each shard has applied it, and under which generation.',
    )
    .argument('<group>', 'its name')
    .addOption(streams)
    .addHelpText(
      'after',
      '\nExample:\n  weir source describe trainer --seeds 127.0.0.1:7070 --streams 127.0.0.1:7080 --json',
    )
    .action((group: string, options: DescribeOptions) =>
      onCluster(options, async (weir, connection) => {
        const shards = await weir.sources(group).describe();
        if (shards.every(({ partitions }) => partitions.length === 0)) {
          const { WeirError } = await import('@weir/sdk');
          throw new WeirError('GROUP_NOT_FOUND', `no shard has source offsets of group ${group}`);
        }
        return describeResult(group, shards, await endsOf(options.streams, connection));
      }),
    );
  clusterVerb(source.command('reset'))
    .summary('forget offsets on every shard')
    .description(
      'Forgets offsets of a group on every shard, while rows stay as they are: what the group reads again then counts once ' +
        'more, and what it does not read never counts. Stop its trainers first. There is no way back; what was forgotten is printed.',
    )
    .argument('<group>', 'its name')
    .option('--partition <N>', 'only this one; may be repeated (default: all)', addPartition)
    .addHelpText('after', '\nExample:\n  weir source reset trainer --partition 3 --seeds 127.0.0.1:7070')
    .action((group: string, options: ResetOptions) =>
      onCluster(options, async (weir) =>
        resetResult(group, await weir.sources(group).reset(options.partition ?? [])),
      ),
    );
}

function addPartition(text: string, earlier: readonly number[] = []): readonly number[] {
  return [...new Set([...earlier, wholeNumber(text)])];
}

interface End {
  readonly endOffset: number;
  readonly incarnation: string;
}

/** By partition. */
async function endsOf(
  streamsAddress: string | undefined,
  connection: Connection,
): Promise<ReadonlyMap<number, End>> {
  if (streamsAddress === undefined) return new Map();
  const { connectStreams } = await import('@weir/streams/client');
  const streams = connectStreams({ address: streamsAddress, ...connection });
  try {
    const ends = await streams.endOffsets(STREAM, { timeoutMs: VERB_TIMEOUT_MS });
    return new Map(ends.map((end) => [end.partition, end]));
  } finally {
    await streams.close();
  }
}

function describeResult(
  group: string,
  shards: readonly ShardOffsets[],
  ends: ReadonlyMap<number, End>,
): Result {
  const numbers = new Set(shards.flatMap(({ partitions }) => partitions.map(({ partition }) => partition)));
  const partitions = [...numbers]
    .sort((a, b) => a - b)
    .map((partition) => ({
      partition,
      end_offset: ends.get(partition)?.endOffset ?? null,
      shards: shards.map(({ shard, partitions: known }) => {
        const offset = known.find((one) => one.partition === partition);
        return { shard, ...(offset && offsetJson(offset, ends.get(partition))) };
      }),
    }));
  const header = ['partition', 'shard', 'generation', 'start', 'applied', 'lag', 'incarnation'];
  const rows = partitions.flatMap(({ partition, shards: known }) =>
    known.map(({ shard, generation, start, applied, lost, lag, incarnation }) => [
      partition,
      shard,
      generation ?? '-',
      start ?? '-',
      lost ? 'lost' : (applied ?? '-'),
      lag ?? '-',
      incarnation ?? 'unknown to it',
    ]),
  );
  return { json: { group, partitions }, text: [`source ${group}`, '', columns(header, rows)].join('\n') };
}

/** Offsets of another incarnation of the log than its present one have no distance from its end. */
function offsetJson(offset: SourceOffset, end: End | undefined) {
  const { generation, incarnation, start, applied, lost } = offset;
  const lag = end?.incarnation === incarnation && !lost ? end.endOffset - applied : null;
  return { generation, incarnation, start, applied, lost, lag };
}

function resetResult(group: string, shards: readonly ShardOffsets[]): Result {
  const forgotten = shards.map(({ shard, partitions }) => ({
    shard,
    forgotten: partitions.map(({ partition, generation, incarnation, start, applied }) => ({
      partition,
      generation,
      incarnation,
      start,
      applied,
    })),
  }));
  const rows = forgotten.flatMap(({ shard, forgotten: offsets }) =>
    offsets.map(({ partition, start, applied }) => [partition, shard, start, applied] as const),
  );
  const text =
    rows.length === 0
      ? `nothing to forget: no shard has offsets of source ${group}`
      : [`forgotten of source ${group}`, '', columns(['partition', 'shard', 'start', 'applied'], rows)].join(
          '\n',
        );
  return { json: { group, shards: forgotten }, text };
}
