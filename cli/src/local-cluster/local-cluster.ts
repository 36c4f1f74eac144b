// Every service of Weir as processes on loopback ports of this machine: started together, kept running, stopped in order.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WeirError } from '@weir/proto';
import { freePorts } from '@weir/runtime';
import {
  type Address,
  type ClusterAddresses,
  type ClusterFolders,
  type ClusterSettings,
  serviceStages,
  topology,
  topologyFile,
} from './service-commands.ts';
import { SupervisedService } from './supervised-service.ts';

export interface LocalClusterOptions {
  readonly folders: ClusterFolders;
  readonly shards: number;
  readonly settings: ClusterSettings;
  /** Says that a service ended and is started again. */
  readonly report: (message: string) => void;
}

export interface LocalCluster {
  readonly addresses: ClusterAddresses;
  /** By name; for tests that kill one. */
  readonly services: ReadonlyMap<string, SupervisedService>;
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
  const { folders, settings, report } = options;
  await Promise.all(
    [folders.data, folders.run, folders.logs].map((path) => mkdir(path, { recursive: true })),
  );
  const addresses = await freeAddresses(options.shards);
  await writeFile(topologyFile(folders), topology(addresses));

  const failure = new AbortController();
  const stages = serviceStages(addresses, folders, settings).map((stage) =>
    stage.map(
      ({ name, argv }) =>
        new SupervisedService({
          name,
          command: [MAIN, ...argv],
          logFile: join(folders.logs, `${name}.log`),
          report,
          onFailed: (error: WeirError) => failure.abort(error),
        }),
    ),
  );
  const services = stages.flat();
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    for (const stage of stages) await Promise.all(stage.map((service) => service.stop()));
  };
  try {
    await Promise.all(services.map((service) => service.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses,
    services: new Map(services.map((service) => [service.name, service])),
    failed: failure.signal,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function freeAddresses(shards: number): Promise<ClusterAddresses> {
  const ports = await freePorts(2 * shards + 8);
  const next = (): string => `127.0.0.1:${ports.pop()!}`;
  const serving = (): Address => ({ listen: next(), admin: next() });
  return {
    shards: Array.from({ length: shards }, serving),
    streams: serving(),
    collector: serving(),
    stitcher: { admin: next() },
    trainer: { admin: next() },
    predictor: serving(),
  };
}
