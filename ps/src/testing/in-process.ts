// A shard within the test's own process, behind a real gRPC server, for this package's tests.
import { createGrpcServer, createLogger } from '@weir/runtime';
import { openMemoryStore, type Store } from '@weir/store';
import { routingTableOf } from '../core/routing.ts';
import type { Topology } from '../core/topology.ts';
import { FAMILIES } from '../server/folder/families.ts';
import { serveGroups } from '../server/groups/group-service.ts';
import { GROUP_FAMILIES } from '../server/groups/group-store.ts';
import { openGroups } from '../server/groups/groups.ts';
import type { Instruments } from '../server/instruments.ts';
import type { Durability } from '../server/log/log-sink.ts';
import { serveShard } from '../server/parameter-server.ts';
import { openShard, type Shard } from '../server/shard.ts';
import { serveSources } from '../server/sources/source-service.ts';
import { RawClient } from './raw-client.ts';

export const ONE_SHARD: Topology = { epoch: 1, shards: [{ id: 'shard-0', address: '127.0.0.1:7070' }] };
export const TWO_SHARDS: Topology = {
  epoch: 1,
  shards: [...ONE_SHARD.shards, { id: 'shard-1', address: '127.0.0.1:7071' }],
};

export const SILENT: Instruments = { pushLatency() {}, pullLatency() {}, commitRecords() {} };
export const silentLogger = () => createLogger('ps', 'silent');

export interface TestShardOptions {
  /** Default: a store in memory. Closing it is the test's business. */
  readonly store?: Store;
  /** Default: a store in memory. Closing it is the test's business. */
  readonly groupStore?: Store;
  readonly topology?: Topology;
  readonly id?: string;
  /** Default: any free port, whatever the topology says. */
  readonly listen?: string;
  readonly durability?: Durability;
  /** See ShardOptions. */
  readonly elapsedMs?: () => number;
  /** Bytes; default LOG_REPLAY_MAX_DEFAULT. */
  readonly logReplayMax?: number;
  /** See CLIENT_PATIENCE_MS. */
  readonly patienceMs?: number;
}

export interface TestShard {
  readonly shard: Shard;
  readonly store: Store;
  readonly address: string;
  readonly client: RawClient;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function openTestShardOnly(options: TestShardOptions & { store: Store }): Promise<Shard> {
  const { store, topology = ONE_SHARD, id = 'shard-0', durability = 'process' } = options;
  const routing = routingTableOf(topology);
  return openShard({
    id,
    routing,
    durability,
    store,
    logger: silentLogger(),
    instruments: SILENT,
    ...(options.logReplayMax !== undefined && { logReplayMax: options.logReplayMax }),
    ...(options.elapsedMs && { elapsedMs: options.elapsedMs }),
  });
}

export async function startTestShard(options: TestShardOptions = {}): Promise<TestShard> {
  const store = options.store ?? openMemoryStore({ families: FAMILIES });
  const shard = await openTestShardOnly({ ...options, store });
  const server = createGrpcServer();
  const parameterServer = serveShard(server, shard, SILENT, silentLogger(), options.patienceMs);
  const groupStore = options.groupStore ?? openMemoryStore({ families: GROUP_FAMILIES });
  const { ownership } = shard;
  const groups = await openGroups({ ownership, store: groupStore, logger: silentLogger() });
  const groupServer = serveGroups(server, groups, silentLogger(), options.patienceMs);
  serveSources(server, shard.sourceAdmin, silentLogger());
  const address = await server.bind(options.listen ?? '127.0.0.1:0');
  const client = new RawClient(address);
  const stop = async (): Promise<void> => {
    parameterServer.stop();
    groupServer.stop();
    client.close();
    await server.stop(2_000);
    await shard.stop();
  };
  return { shard, store, address, client, stop, [Symbol.asyncDispose]: stop };
}
