// `weir streams`: the partitioned logs of one machine, over RocksDB.
import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/proto';
import { createGrpcServer, defineService, listenConfig, observeDisk } from '@weir/runtime';
import { openRocksStore, type Store } from '@weir/store';
import { z } from 'zod';
import type { Durability } from '../core/commit-queue.ts';
import { FAMILIES } from '../core/keys.ts';
import { weirErrorOf } from '../core/store-failure.ts';
import { StreamsCore } from '../core/streams-core.ts';
import { collectLessOften } from './collection-pace.ts';
import { streamsHandlers } from './handlers.ts';
import { streamsMetrics } from './metrics.ts';
import { parseTrim } from './parse-trim.ts';
import { StreamsRpc } from './rpc-definition.ts';
import { keepTrimmed, keptRecords } from './trimmer.ts';

export const streamsService = defineService({
  name: 'streams',
  summary: 'partitioned logs between the services, kept on this machine',
  config: z.object({
    ...listenConfig,
    data: z.string().min(1).describe('folder of the records').meta({ placeholder: 'DIR' }),
    durability: z
      .enum(['process', 'machine'])
      .default('process')
      .describe('what acknowledged records survive: kill -9 of the process, or power loss of the machine'),
    trim: z
      .array(z.string())
      .default([])
      .describe(
        'remove what these groups, and all others that commit to the stream, have committed; other streams keep everything',
      )
      .meta({ placeholder: 'STREAM=GROUP,...' }),
  }),
  async start({ data, durability, trim: trimTexts, listen, shutdownTimeoutMs }, { log, signal, security }) {
    const trim = parseTrim(trimTexts);
    collectLessOften();
    const { store, core } = await open(data, durability);
    log.info({ data, durability, streams: core.streams() }, 'opened');
    const server = createGrpcServer({ security: security.listeners });
    observeDisk(data);
    const metrics = streamsMetrics({
      waitingBytes: () => core.waitingBytes,
      keptRecords: () => keptRecords(core, trim.keys()),
    });
    server.addService(StreamsRpc, streamsHandlers(core, metrics, signal));
    const bound = await server.bind(listen);
    const { trimmed } = metrics;
    const trimming = keepTrimmed({
      core,
      trim,
      signal,
      trimmed,
      warn: (error, message) => log.warn({ err: error }, message),
    });
    return {
      listen: bound,
      async stop() {
        await server.stop(shutdownTimeoutMs / 2);
        await trimming;
        await core.close();
        await store.close();
      },
    };
  },
});

async function open(data: string, durability: Durability): Promise<{ store: Store; core: StreamsCore }> {
  try {
    const store = await openRocksStore(data, { families: FAMILIES });
    const core = await StreamsCore.open(store, { durability, now: Date.now, incarnation: randomUUID });
    return { store, core };
  } catch (error) {
    const known = weirErrorOf(error);
    // What the store refuses at its opening is the folder's fault, not the disk's.
    throw known.code === 'STORAGE_FAILED'
      ? new WeirError('CONFIGURATION', `--data: ${known.message}`)
      : known;
  }
}
