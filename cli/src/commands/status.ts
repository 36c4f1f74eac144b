// `weir status`: what each shard says of itself. Exit code 1 if one does not answer.
import type { ShardStatus, Weir } from '@weir/sdk';
import type { Command } from 'commander';
import { type ClusterOptions, clusterVerb, onCluster } from '../cluster-verb.ts';
import { follow, isLive } from '../follow.ts';
import { REFRESH_MS } from '../limits.ts';
import { columns, type Result } from '../output.ts';

interface StatusOptions extends ClusterOptions {
  readonly once?: true;
}

export function registerStatus(program: Command): void {
  clusterVerb(program.command('status'))
    .summary('show what each shard holds and has done')
    .description(
      'Every shard with its log position, rows and counters. In a terminal it is shown anew, with rates, until you press Ctrl+C; ' +
        'once with --once, with --json, or into a pipe, and then the exit code is 1 if a shard does not answer.',
    )
    .option('--once', 'show it once, in a terminal too')
    .addHelpText(
      'after',
      '\nExamples:\n  weir status --seeds 127.0.0.1:7070\n  weir status --seeds 127.0.0.1:7070 --json',
    )
    .action((options: StatusOptions) =>
      onCluster(options, async (weir) => {
        if (isLive(options)) return await follow(liveLook(weir), REFRESH_MS);
        const statuses = await weir.describeShards();
        if (statuses.some((status) => 'error' in status)) process.exitCode = 1;
        return clusterStatus(weir.routing().epoch, statuses);
      }),
    );
}

/** One look after the other, each with the rates since the one before it. */
function liveLook(weir: Weir): () => Promise<Result> {
  let before: { readonly atMs: number; readonly statuses: readonly ShardStatus[] } | undefined;
  return async () => {
    const [atMs, statuses] = [performance.now(), await weir.describeShards()];
    const rates = before && ratesBetween(before.statuses, statuses, (atMs - before.atMs) / 1000);
    before = { atMs, statuses };
    const { json, text } = clusterStatus(weir.routing().epoch, statuses);
    const perSecond = rates && `${rates.pushRows} rows pushed and ${rates.pullRows} pulled per second`;
    return { json, text: `${text}\n\n${perSecond ?? ''}` };
  };
}

/** Over the shards that answered both times; one that has restarted counts from 0 again. */
function ratesBetween(before: readonly ShardStatus[], after: readonly ShardStatus[], seconds: number) {
  const rate = (rows: (shard: Described) => number): number => {
    const grown = after.map((status) => {
      const earlier = before.find(({ shard }) => shard === status.shard);
      if (earlier === undefined || 'error' in earlier || 'error' in status) return 0;
      return Math.max(0, rows(status.description) - rows(earlier.description));
    });
    return Math.round(grown.reduce((sum, one) => sum + one, 0) / seconds);
  };
  return { pushRows: rate(({ pushRows }) => pushRows), pullRows: rate(({ pullRows }) => pullRows) };
}

type Described = Extract<ShardStatus, { description: unknown }>['description'];

function clusterStatus(epoch: number, statuses: readonly ShardStatus[]): Result {
  const shards = statuses.map(shardJson);
  const rows = shards.map((shard) => [
    shard.id,
    shard.address,
    shard.state,
    shard.slots ?? '',
    shard.seq ?? '',
    shard.low_mark ?? '',
    shard.rows ?? '',
    shard.pushes ?? '',
    shard.pull_rows ?? '',
    shard.subscribers ?? '',
  ]);
  const header = [
    'shard',
    'address',
    'state',
    'slots',
    'seq',
    'low mark',
    'rows',
    'pushes',
    'pulled rows',
    'subscribers',
  ];
  const errors = shards.flatMap(({ id, error }) => (error === undefined ? [] : [`${id}: ${error}`]));
  return {
    json: { epoch, shards, tables: tables(statuses) },
    text: [`epoch ${epoch}`, '', columns(header, rows), ...(errors.length > 0 ? ['', ...errors] : [])].join(
      '\n',
    ),
  };
}

interface ShardJson {
  readonly id: string;
  readonly address: string;
  readonly state: 'serving' | 'unreachable';
  readonly error?: string;
  readonly [figure: string]: string | number | undefined;
}

function shardJson(status: ShardStatus): ShardJson {
  const { shard: id, address } = status;
  if ('error' in status) {
    return { id, address, state: 'unreachable', error: `${status.error.code}: ${status.error.message}` };
  }
  const d = status.description;
  return {
    id,
    address,
    state: 'serving',
    epoch: d.epoch,
    slots: d.slotsOwned,
    durability: d.durability,
    log_incarnation: d.logIncarnation,
    seq: d.seq,
    low_mark: d.lowMark,
    rows: d.tables.reduce((sum, table) => sum + table.rows, 0),
    bytes: d.tables.reduce((sum, table) => sum + table.bytes, 0),
    pushes: d.pushes,
    push_rows: d.pushRows,
    pull_rows: d.pullRows,
    delta_rows: d.deltaRows,
    duplicates: d.duplicates,
    refusals: d.refusals,
    subscribers: d.subscribers,
  };
}

/** Over the shards that answered. */
function tables(statuses: readonly ShardStatus[]): object[] {
  const byName = new Map<string, { name: string; dim: number; rows: number; bytes: number }>();
  for (const status of statuses) {
    if ('error' in status) continue;
    for (const { spec, rows, bytes } of status.description.tables) {
      const name = spec?.name ?? '';
      const known = byName.get(name) ?? { name, dim: spec?.dim ?? 0, rows: 0, bytes: 0 };
      byName.set(name, { ...known, rows: known.rows + rows, bytes: known.bytes + bytes });
    }
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
