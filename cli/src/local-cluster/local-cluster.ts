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
  type ServiceCommand,
  serviceStages,
  topology,
  topologyFile,
  trainerCommand,
  trainerName,
} from './service-commands.ts';
import { SupervisedService } from './supervised-service.ts';

export interface LocalClusterOptions {
  readonly folders: ClusterFolders;
  readonly shards: number;
  readonly trainers: number;
  readonly settings: ClusterSettings;
  /** Says that a service ended and is started again. */
  readonly report: (message: string) => void;
}

export interface LocalCluster {
  readonly addresses: ClusterAddresses;
  /** By name; for tests that kill one. */
  readonly services: ReadonlyMap<string, SupervisedService>;
  /** Admin addresses of the trainers that there are, in the order of their numbers. */
  readonly trainers: readonly string[];
  /** One more trainer, under the next number; resolves when it is ready. @throws WeirError when it does not start. */
  addTrainer(): Promise<SupervisedService>;
  /** Ends the trainer of the highest number, which leaves the group; its figures go with it. */
  removeTrainer(): Promise<void>;
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
  const addresses = await freeAddresses(options.shards, options.trainers);
  await writeFile(topologyFile(folders), topology(addresses));

  const failure = new AbortController();
  const supervised = ({ name, argv }: ServiceCommand): SupervisedService =>
    new SupervisedService({
      name,
      command: [MAIN, ...argv],
      logFile: join(folders.logs, `${name}.log`),
      report,
      onFailed: (error: WeirError) => failure.abort(error),
    });
  const stages = serviceStages(addresses, folders, settings).map((stage) => stage.map(supervised));
  const services = new Map(stages.flat().map((service) => [service.name, service]));
  const trainers = addresses.trainers.map(({ admin }) => admin);
  const ofTrainers = stages.find((stage) => stage.some(({ name }) => name === trainerName(0)))!;
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
    trainers,
    async addTrainer() {
      const admin = `127.0.0.1:${(await freePorts(1))[0]}`;
      const service = supervised(trainerCommand(trainers.length, { admin }, addresses, settings));
      trainers.push(admin);
      ofTrainers.push(service);
      services.set(service.name, service);
      await service.start();
      return service;
    },
    async removeTrainer() {
      const service = ofTrainers.pop()!;
      trainers.pop();
      services.delete(service.name);
      await service.stop();
    },
    failed: failure.signal,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function freeAddresses(shards: number, trainers: number): Promise<ClusterAddresses> {
  const ports = await freePorts(2 * shards + trainers + 7);
  const next = (): string => `127.0.0.1:${ports.pop()!}`;
  const serving = (): Address => ({ listen: next(), admin: next() });
  return {
    shards: Array.from({ length: shards }, serving),
    streams: serving(),
    collector: serving(),
    stitcher: { admin: next() },
    trainers: Array.from({ length: trainers }, () => ({ admin: next() })),
    predictor: serving(),
  };
}
