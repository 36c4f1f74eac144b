// A cluster of shard processes on free loopback ports, which can be killed and started again on their data.
// Nothing outlives the process that started it, however that ends.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, type ServiceProcess, spawnService } from '@weir/runtime';
import type { Durability } from '../server/log/log-sink.ts';

/** Of `startCluster`. */
export interface ClusterOptions {
  readonly shards: number;
  /** Where the shards' folders go; default: a new folder, removed by `stop`. */
  readonly dir?: string;
  /** Default `process`. */
  readonly durability?: Durability;
}

/** Shards that run: each a process of its own, on a free port of this machine. */
export interface Cluster {
  /** Addresses of all shards, for `connect({ seeds })`; they stay the same over restarts. */
  readonly seeds: string[];
  /** Admin addresses, `host:port`, as of the last start of each shard. */
  readonly admins: string[];
  /** Process ids, as of the last start of each shard: to stop one and wake it. */
  readonly pids: number[];
  /** SIGKILL; resolves when the process has ended. */
  kill(shard: number): Promise<void>;
  /** Starts a shard that was killed, on its data; one that runs is stopped first. Resolves when it is ready. */
  restart(shard: number): Promise<void>;
  /** Stops all shards. Idempotent. */
  stop(): Promise<void>;
  /** As `stop`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws WeirError UNAVAILABLE with a shard's last words when it does not start. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { shards, durability = 'process' } = options;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'weir-cluster-')));
  await mkdir(dir, { recursive: true });
  const seeds = (await freePorts(shards)).map((port) => `127.0.0.1:${port}`);
  const topology = join(dir, 'topology.json');
  const members = seeds.map((address, i) => ({ id: `shard-${i}`, address }));
  await writeFile(topology, JSON.stringify({ epoch: 1, shards: members }));

  const processes: (ServiceProcess | undefined)[] = [];
  const admins: string[] = [];
  const pids: number[] = [];
  const start = async (i: number): Promise<void> => {
    const { id, address } = members[i]!;
    const flags = ['--id', id, '--data', join(dir, id), '--listen', address, '--topology', topology];
    const started = await spawnService({
      command: [SHARD_SCRIPT, ...flags, '--durability', durability],
      name: id,
      logFile: join(dir, `${id}.log`),
    });
    processes[i] = started;
    admins[i] = started.admin;
    pids[i] = started.pid;
  };
  const end = async (i: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const running = processes[i];
    processes[i] = undefined;
    if (running === undefined) return;
    if (signal === 'SIGTERM') return running.stop();
    running.kill('SIGKILL');
    await running.exited;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((_, i) => end(i, 'SIGTERM')));
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };

  const outcomes = await Promise.allSettled(members.map((_, i) => start(i)));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    await stop();
    throw failure.reason;
  }
  return {
    seeds,
    admins,
    pids,
    kill: (i) => end(i, 'SIGKILL'),
    async restart(i) {
      await end(i, 'SIGTERM');
      await start(i);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

// The source runs as it is; a published package has it compiled.
const SHARD_SCRIPT = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './shard.ts' : './shard.js', import.meta.url),
);
