// Every service of Weir as processes on loopback ports of this machine: started together, kept running, stopped in order.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WeirError } from '@weir/proto';
import { freePorts } from '@weir/runtime';
import { MemberSet } from './member-set.ts';
import {
  type Address,
  type AdminAddress,
  type ClusterAddresses,
  type ClusterFolders,
  type ClusterSettings,
  type ServiceCommand,
  serviceStages,
  stitcherCommand,
  topology,
  topologyFile,
  trainerCommand,
} from './service-commands.ts';
import { SupervisedService } from './supervised-service.ts';

export interface LocalClusterOptions {
  readonly folders: ClusterFolders;
  readonly shards: number;
  readonly trainers: number;
  /** As members of a group; undefined: one, alone. */
  readonly stitchers: number | undefined;
  /** OTLP endpoint of every service; undefined: the environment's. */
  readonly telemetry?: string | undefined;
  readonly settings: ClusterSettings;
  /** Says that a service ended and is started again. */
  readonly report: (message: string) => void;
}

export interface LocalCluster {
  readonly addresses: ClusterAddresses;
  /** By name; for tests that kill one. */
  readonly services: ReadonlyMap<string, SupervisedService>;
  readonly trainers: MemberSet;
  /** Others than one that is alone come and go. */
  readonly stitchers: MemberSet;
  /** Aborted with a WeirError when a service cannot be kept running. */
  readonly failed: AbortSignal;
  /** Everything in order; resolves when nothing runs any more. Idempotent. */
  stop(): Promise<void>;
}

/** The command line of a service; this file's suffix is that of the sources or of the published code. */
const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url),
);

/**
 * All services at once; resolves when all are ready.
 * @throws WeirError with a service's last words when it does not start; nothing is left running then.
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { folders, report } = options;
  const settings = { ...options.settings, isStitcherAlone: options.stitchers === undefined };
  await Promise.all(
    [folders.data, folders.run, folders.logs].map((path) => mkdir(path, { recursive: true })),
  );
  const addresses = await freeAddresses(options);
  await writeFile(topologyFile(folders), topology(addresses));

  const telemetry = options.telemetry === undefined ? [] : ['--telemetry', options.telemetry];
  const failure = new AbortController();
  const supervised = ({ name, argv }: ServiceCommand): SupervisedService =>
    new SupervisedService({
      name,
      command: [MAIN, ...argv, ...telemetry],
      logFile: join(folders.logs, `${name}.log`),
      report,
      onFailed: (error: WeirError) => failure.abort(error),
    });
  const stages = serviceStages(addresses, folders, settings).map((stage) => stage.map(supervised));
  const services = new Map(stages.flat().map((service) => [service.name, service]));
  const memberSet = (
    members: readonly AdminAddress[],
    command: (index: number, address: AdminAddress) => ServiceCommand,
  ): MemberSet => {
    const { name } = command(0, members[0]!);
    const stage = stages.find((services) => services.some((service) => service.name === name))!;
    return new MemberSet({ stage, addresses: members, command, supervised, services });
  };
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    for (const stage of stages) await Promise.all(stage.map((service) => service.stop()));
  };
  try {
    await Promise.all([...services.values()].map((service) => service.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses,
    services,
    trainers: memberSet(addresses.trainers, (index, address) =>
      trainerCommand(index, address, addresses, settings),
    ),
    stitchers: memberSet(addresses.stitchers, (index, address) =>
      stitcherCommand(index, address, addresses, folders, settings),
    ),
    failed: failure.signal,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function freeAddresses({
  shards,
  trainers,
  stitchers = 1,
}: LocalClusterOptions): Promise<ClusterAddresses> {
  const ports = await freePorts(2 * shards + trainers + stitchers + 6);
  const next = (): string => `127.0.0.1:${ports.pop()!}`;
  const serving = (): Address => ({ listen: next(), admin: next() });
  const admins = (count: number) => Array.from({ length: count }, () => ({ admin: next() }));
  return {
    shards: Array.from({ length: shards }, serving),
    streams: serving(),
    collector: serving(),
    stitchers: admins(stitchers),
    trainers: admins(trainers),
    predictor: serving(),
  };
}
