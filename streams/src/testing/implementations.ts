// Every way to the streams, for the conformance suite: each opens on an empty store.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGrpcServer } from '@weir/runtime';
import { openMemoryStore, openRocksStore, type Store } from '@weir/store';
import { connectStreams, type StreamsClient } from '../client/index.ts';
import { StreamsCore } from '../core/streams-core.ts';
import { openEmbeddedStreams, STREAMS_FAMILIES } from '../index.ts';
import { streamsHandlers } from '../server/handlers.ts';
import type { StreamsMetrics } from '../server/metrics.ts';
import { StreamsRpc } from '../server/rpc-definition.ts';

export interface Opened {
  readonly client: StreamsClient;
  close(): Promise<void>;
}

export const NO_METRICS: StreamsMetrics = {
  appended: () => {},
  sent: () => {},
  trimmed: () => {},
  readers: () => {},
};

export const IMPLEMENTATIONS: Record<string, () => Promise<Opened>> = {
  'in process over memory': () => embedded(openMemoryStore({ families: STREAMS_FAMILIES })),
  'in process over RocksDB': async () => {
    const { store, remove } = await temporaryRocksStore();
    const opened = await embedded(store);
    return { ...opened, close: () => opened.close().then(remove) };
  },
  'gRPC over loopback': async () => {
    const { store, remove } = await temporaryRocksStore();
    const served = await serve(store, NO_METRICS);
    const client = connectStreams({ address: served.address });
    return {
      client,
      close: () =>
        client
          .close()
          .then(served.stop)
          .then(() => store.close())
          .then(remove),
    };
  },
};

export async function temporaryRocksStore(): Promise<{ store: Store; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-streams-'));
  const store = await openRocksStore(folder, { families: STREAMS_FAMILIES });
  return { store, remove: () => rm(folder, { recursive: true }) };
}

/** A gRPC server in this process. */
export async function serve(
  store: Store,
  metrics: StreamsMetrics,
): Promise<{ address: string; stop(): Promise<void> }> {
  const core = await StreamsCore.open(store, {
    durability: 'process',
    now: Date.now,
    incarnation: randomUUID,
  });
  const stopping = new AbortController();
  const server = createGrpcServer();
  server.addService(StreamsRpc, streamsHandlers(core, metrics, stopping.signal));
  return {
    address: await server.bind('127.0.0.1:0'),
    async stop() {
      stopping.abort();
      await server.stop(1_000);
      await core.close();
    },
  };
}

async function embedded(store: Store): Promise<Opened> {
  const client = await openEmbeddedStreams(store);
  return { client, close: () => client.close().then(() => store.close()) };
}
