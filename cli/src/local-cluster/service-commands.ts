// Which services a cluster on this machine has, and with which flags each is started. Pure: the same addresses and
// settings give the same command lines, so a restart is the same command again.
import { join } from 'node:path';

export interface ClusterSettings {
  readonly model: string;
  readonly schema: string | undefined;
  /** Of the model; undefined: it has none. */
  readonly staticPart?: string | undefined;
  readonly labels: readonly string[];
  /** Attribution windows by label, where the usual ones do not fit the data. */
  readonly attributionMs: Readonly<Record<string, number>>;
  readonly policy: 'wait' | 'fast';
  /** Requests of one of the trainer's windows. */
  readonly window: number;
  readonly deterministic: boolean;
  readonly tableSet: string;
  /** Of every stream, whichever service makes it. */
  readonly partitions: number;
  /** Of members of groups; undefined: the services' default. */
  readonly leaseMs?: number;
  /** Rank requests after which the predictor keeps a frozen copy of the model; undefined: never. */
  readonly freezeAfter: number | undefined;
  /** Of the users: those whom the frozen copy answers; default: none. */
  readonly frozenPercent?: number;
}

/** `host:port` on which a service serves, and of its admin port. */
export interface Address {
  readonly listen: string;
  readonly admin: string;
}
/** Of a service that serves nobody. */
export type AdminAddress = Pick<Address, 'admin'>;

export interface ClusterAddresses {
  readonly shards: readonly Address[];
  readonly streams: Address;
  readonly collector: Address;
  readonly stitchers: readonly AdminAddress[];
  readonly trainers: readonly AdminAddress[];
  readonly predictor: Address;
}

export interface ClusterFolders {
  /** Of the shards; outlives a run. */
  readonly data: string;
  /** Streams, stitchers and topology file of this run: addresses are new at every start. */
  readonly run: string;
  readonly logs: string;
}

/** With what follows from the number of services. */
export interface PlacedSettings extends ClusterSettings {
  /** The one stitcher there is has all partitions, and is in no group. */
  readonly isStitcherAlone: boolean;
}

export interface ServiceCommand {
  /** Also the name of its log file. */
  readonly name: string;
  /** Words after `weir`. */
  readonly argv: readonly string[];
}

export const topologyFile = (folders: ClusterFolders) => join(folders.run, 'topology.json');

/** In the order in which they stop: who takes work in first, who stores last. Each stage may stop together. */
export function serviceStages(
  addresses: ClusterAddresses,
  folders: ClusterFolders,
  settings: PlacedSettings,
): readonly (readonly ServiceCommand[])[] {
  const { streams, seeds } = serverFlags(addresses);
  const partitions = partitionFlags(settings);
  return [
    [
      command('predictor', addresses.predictor, [
        ...streams,
        ...partitions,
        ...seeds,
        ...modelFlags(settings),
        ...['--feature-log', 'before_answer'],
        ...(settings.freezeAfter === undefined ? [] : ['--freeze-after', String(settings.freezeAfter)]),
        ...(settings.frozenPercent === undefined ? [] : ['--frozen-percent', String(settings.frozenPercent)]),
      ]),
      command('collector', addresses.collector, [...streams, ...partitions]),
    ],
    addresses.stitchers.map((address, index) =>
      stitcherCommand(index, address, addresses, folders, settings),
    ),
    addresses.trainers.map((address, index) => trainerCommand(index, address, addresses, settings)),
    [
      command('streams', addresses.streams, [
        ...['--data', join(folders.run, 'streams')],
        // Samples stay: after a run they are counted from the stream.
        ...['--trim', 'features=stitcher,behaviour=stitcher'],
      ]),
    ],
    addresses.shards.map((address, index) => ({
      ...command('ps', address, [
        ...['--id', shardId(index)],
        ...['--data', join(folders.data, shardId(index))],
        ...['--topology', topologyFile(folders)],
      ]),
      name: shardId(index),
    })),
  ];
}

/** `stitcher` when it is alone; else that of a number, counted from 0, a member of the group under its own name. */
export function stitcherCommand(
  index: number,
  address: AdminAddress,
  addresses: ClusterAddresses,
  folders: ClusterFolders,
  settings: PlacedSettings,
): ServiceCommand {
  const { streams, seeds } = serverFlags(addresses);
  const { labels, schema } = sampleFlags(settings);
  const windows = Object.entries(settings.attributionMs).map(([label, windowMs]) => `${label}=${windowMs}ms`);
  const name = settings.isStitcherAlone ? 'stitcher' : `stitcher-${index}`;
  const membership = [...seeds, '--member', name, ...leaseFlags(settings)];
  return {
    ...command('stitcher', address, [
      ...streams,
      ...partitionFlags(settings),
      ...['--data', join(folders.run, name)],
      ...(settings.isStitcherAlone ? [] : membership),
      ...labels,
      ...schema,
      ...(windows.length === 0 ? [] : ['--attribution', windows.join(',')]),
      ...['--policy', settings.policy],
      ...(settings.deterministic ? ['--deterministic'] : []),
    ]),
    name,
  };
}

/** The trainer of a number, counted from 0; it is a member of the trainers' group under its own name. */
export function trainerCommand(
  index: number,
  address: AdminAddress,
  addresses: ClusterAddresses,
  settings: ClusterSettings,
): ServiceCommand {
  const { streams, seeds } = serverFlags(addresses);
  const name = trainerName(index);
  return {
    ...command('trainer', address, [
      ...streams,
      ...seeds,
      ...modelFlags(settings),
      ...['--member', name],
      ...leaseFlags(settings),
      ...['--window', String(settings.window)],
      ...(settings.deterministic ? ['--deterministic'] : []),
    ]),
    name,
  };
}

export const trainerName = (index: number) => `trainer-${index}`;

export const shardId = (index: number) => `shard-${index}`;

/** The topology file of these shards. Ids are stable, addresses are those of this start. */
export function topology(addresses: ClusterAddresses): string {
  const shards = addresses.shards.map(({ listen }, index) => ({ id: shardId(index), address: listen }));
  return `${JSON.stringify({ epoch: 1, shards }, undefined, 2)}\n`;
}

function serverFlags(addresses: ClusterAddresses) {
  return {
    streams: ['--streams', addresses.streams.listen],
    seeds: ['--seeds', addresses.shards.map(({ listen }) => listen).join(',')],
  };
}

function partitionFlags({ partitions }: ClusterSettings): string[] {
  return ['--partitions', String(partitions)];
}

function sampleFlags({ labels, schema }: ClusterSettings) {
  return {
    labels: ['--labels', labels.join(',')],
    schema: schema === undefined ? [] : ['--schema', schema],
  };
}

function leaseFlags({ leaseMs }: ClusterSettings): string[] {
  return leaseMs === undefined ? [] : ['--lease-ms', String(leaseMs)];
}

function modelFlags(settings: ClusterSettings): string[] {
  const { labels, schema } = sampleFlags(settings);
  const staticPart = settings.staticPart === undefined ? [] : ['--static', settings.staticPart];
  return [
    '--model',
    settings.model,
    ...staticPart,
    ...schema,
    ...labels,
    ...['--table-set', settings.tableSet],
  ];
}

function command(service: string, address: Address | AdminAddress, flags: readonly string[]): ServiceCommand {
  const listen = 'listen' in address ? ['--listen', address.listen] : [];
  return { name: service, argv: [service, ...listen, '--admin-listen', address.admin, ...flags] };
}
