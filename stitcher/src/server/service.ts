// `weir stitcher`: settings, store, streams, admin routes around a Stitcher.
import { readFile } from 'node:fs/promises';
import { WeirError } from '@weir/proto';
import { createGrpcServer, type RunningService, type Runtime } from '@weir/runtime';
import { connectStreams } from '@weir/streams/client';
import { OUTPUT_STREAMS } from '../core/join-step.ts';
import { WATERMARK_BOUND_MS } from '../core/limits.ts';
import { ensureStreams } from '../pipeline-streams.ts';
import type { StitcherConfig } from './config.ts';
import { countersReport } from './counters-report.ts';
import { GRPC_STOP_MS } from './limits.ts';
import { observeStitcher } from './observe-stitcher.ts';
import { openStateStore } from './open-state.ts';
import { planOf } from './parse-windows.ts';
import { Stitcher } from './stitcher.ts';

export async function startStitcher(config: StitcherConfig, runtime: Runtime): Promise<RunningService> {
  const { policy, deterministic, durability } = config;
  if (deterministic && policy === 'fast') {
    throw new WeirError(
      'CONFIGURATION',
      '--deterministic refuses --policy fast: its samples leave in order of arrival, which no two runs share; use --policy wait',
    );
  }
  const schema =
    config.schema === undefined
      ? undefined
      : { text: await readSchemaFile(config.schema), file: config.schema };
  const { labels, observation, attribution } = config;
  const plan = planOf({ labels, schema, observation, attribution });
  const { signal } = runtime;
  const client = connectStreams({ address: config.streams });
  const partitions = await ensureStreams(
    client,
    ['features', 'behaviour', ...OUTPUT_STREAMS],
    config.partitions,
    { signal },
  );
  const store = await openStateStore(config.data);
  const stitcher = await Stitcher.open({
    store,
    client,
    plan,
    policy,
    liveBoundMs: deterministic ? undefined : WATERMARK_BOUND_MS,
    partitions,
    durability,
    signal,
    now: Date.now,
    warn: (error, message) => runtime.log.warn({ err: error }, message),
  });
  runtime.admin.get('/counters', () => countersReport(stitcher.joins));
  observeStitcher(stitcher.joins, Date.now);
  // Health and reflection only: the stitcher's work comes from the streams.
  const server = createGrpcServer();
  const listen = await server.bind(config.listen);
  // An error here ends the process; the state is where the last stored step left it.
  const running = stitcher.run();
  return {
    listen,
    async stop() {
      await server.stop(GRPC_STOP_MS);
      await stitcher.stop();
      await running;
      await client.close();
      await store.close();
    },
  };
}

async function readSchemaFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new WeirError('CONFIGURATION', `--schema ${file}: ${(error as Error).message}`, { cause: error });
  }
}
