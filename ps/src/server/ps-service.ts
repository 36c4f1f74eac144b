// `weir ps`: one shard as a process.
import { readFile } from 'node:fs/promises';
import { WeirError } from '@weir/proto';
import type { RoutingTable } from '@weir/proto/v1/parameter_server';
import {
  createGrpcServer,
  defineService,
  listenConfig,
  observeDisk,
  type RunningService,
  type Runtime,
  type ServiceDefinition,
} from '@weir/runtime';
import type { Store } from '@weir/store';
import { z } from 'zod';
import { ownershipOf, routingTableOf } from '../core/routing.ts';
import { parseTopology } from '../core/topology.ts';
import { LOG_REPLAY_MAX_DEFAULT, LOG_REPLAY_MAX_MIN } from '../limits.ts';
import { folderError, openFolder } from './folder/open-folder.ts';
import { observeGroups } from './groups/group-counters.ts';
import { serveGroups } from './groups/group-service.ts';
import { holdsGroups, openGroupFolder } from './groups/group-store.ts';
import { openGroups } from './groups/groups.ts';
import { createInstruments, observeShard } from './instruments.ts';
import { DURABILITIES } from './log/log-sink.ts';
import { serveShard } from './parameter-server.ts';
import { RecoveryProgress } from './recovery/recovery-progress.ts';
import { tellProgress } from './recovery/tell-progress.ts';
import { openShard } from './shard.ts';
import { observeSources } from './sources/source-instruments.ts';
import { serveSources } from './sources/source-service.ts';
import { watchFullness } from './tables/watch-fullness.ts';

const config = z.object({
  ...listenConfig,
  id: z.string().min(1).describe('id of this shard, as in the topology file').meta({ placeholder: 'ID' }),
  data: z.string().min(1).describe("this shard's folder; made when absent").meta({ placeholder: 'DIR' }),
  topology: z
    .string()
    .min(1)
    .describe('JSON file that names all shards: {"epoch": 1, "shards": [{"id", "address"}]}')
    .meta({ placeholder: 'FILE' }),
  durability: z
    .enum(DURABILITIES)
    .default('process')
    .describe('what acknowledged pushes survive: memory nothing, process kill -9, machine power loss'),
  logReplayMax: z
    .int()
    .min(LOG_REPLAY_MAX_MIN)
    .default(LOG_REPLAY_MAX_DEFAULT)
    .describe('bytes of log that a restart may have to replay; pushes slow down to stay within it')
    .meta({ placeholder: 'BYTES' }),
});

/** How the service comes by its folder and its shard: tests of faults put theirs in between. */
export interface PsParts {
  readonly openFolder: typeof openFolder;
  readonly openShard: typeof openShard;
}

export const psService = psServiceOf({ openFolder, openShard });

export function psServiceOf(parts: PsParts): ServiceDefinition<z.infer<typeof config>> {
  return defineService({
    name: 'ps',
    summary: 'one shard of the parameter server',
    config,
    start: (settings, runtime) => start(settings, runtime, parts),
  });
}

async function start(
  settings: z.infer<typeof config>,
  { log, admin, security, signal }: Runtime,
  parts: PsParts,
): Promise<RunningService> {
  const { id, data, durability, logReplayMax } = settings;
  const routing = await readTopology(settings.topology);
  // Before the folder is touched: a wrong id or topology must leave no trace.
  ownershipOf(routing, id);
  const progress = new RecoveryProgress();
  // While it recovers, nothing listens on the shard's port: clients find it unavailable and try again.
  using _telling = tellProgress(progress, { log, admin });
  const store = await parts.openFolder(data);
  let groupStore: Store | undefined;
  try {
    groupStore = await openGroupFolder(data);
    const instruments = createInstruments();
    const opening = {
      id,
      routing,
      durability,
      logReplayMax,
      store,
      logger: log,
      instruments,
      progress,
      signal,
      holdsGroups: await holdsGroups(groupStore),
    };
    const shard = await parts.openShard(opening);
    const groups = await openGroups({ ownership: shard.ownership, store: groupStore, logger: log });
    const server = createGrpcServer({
      security: security.listeners,
      tableName: (uid) => shard.tables.get(uid)?.spec.name,
    });
    const parameterServer = serveShard(server, shard, instruments, log);
    const groupServer = serveGroups(server, groups, log);
    serveSources(server, shard.sourceAdmin, log);
    const listen = await server.bind(settings.listen);
    observeShard(shard);
    observeDisk(data);
    observeGroups(groups);
    observeSources(shard.sources, shard.counters);
    shard.expiry.start();
    shard.idleClients.start();
    const endWatch = watchFullness(shard.tables, log);
    // Before a planned restart: it shortens the replay.
    if (durability !== 'memory') {
      admin.post('/materialise', async () => {
        await shard.materialiser.round();
        return { low_mark: shard.materialiser.lowMark };
      });
    }
    const stopStreams = (): void => {
      parameterServer.stop();
      groupServer.stop();
    };
    signal.addEventListener('abort', stopStreams, { once: true });
    return {
      listen,
      async stop() {
        endWatch();
        stopStreams();
        await server.stop(settings.shutdownTimeoutMs / 2);
        await shard.stop();
        await store.close();
        await groupStore?.close();
      },
    };
  } catch (error) {
    await store.close();
    await groupStore?.close();
    throw folderError(data, error);
  }
}

async function readTopology(file: string): Promise<RoutingTable> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeirError('CONFIGURATION', `--topology ${file} cannot be read: ${why}`, { cause });
  });
  return routingTableOf(parseTopology(text, file));
}
