// `weir stitcher`: settings, store, streams, admin routes around a Stitcher.
import { readFile } from 'node:fs/promises';
import { WeirError } from '@weir/proto';
import { createGrpcServer, observeDisk, type RunningService, type Runtime } from '@weir/runtime';
import { connect } from '@weir/sdk';
import { connectStreams } from '@weir/streams/client';
import { INPUT_STREAMS } from '../core/counters.ts';
import { OUTPUT_STREAMS } from '../core/join-step.ts';
import { WATERMARK_BOUND_MS } from '../core/limits.ts';
import { ensureStreams, STATE_STREAM } from '../pipeline-streams.ts';
import type { StitcherConfig } from './config.ts';
import { countersReport } from './counters-report.ts';
import { GroupStitcher } from './group-stitcher.ts';
import { GRPC_STOP_MS, STITCHER_GROUP } from './limits.ts';
import { observeStitcher } from './observe-stitcher.ts';
import type { TakenOver } from './open-partition.ts';
import { openStateStore } from './open-state.ts';
import { planOf } from './parse-windows.ts';
import { Stitcher, type StitcherRun } from './stitcher.ts';

export async function startStitcher(config: StitcherConfig, runtime: Runtime): Promise<RunningService> {
  const { policy, deterministic, durability } = config;
  if (deterministic && policy === 'fast') {
    throw new WeirError(
      'CONFIGURATION',
      '--deterministic refuses --policy fast: its samples leave in order of arrival, which no two runs share; use --policy wait',
    );
  }
  if (config.member !== undefined && config.seeds.length === 0) {
    throw new WeirError('CONFIGURATION', '--member needs --seeds: the group lives in the parameter server');
  }
  const schema =
    config.schema === undefined
      ? undefined
      : { text: await readSchemaFile(config.schema), file: config.schema };
  const { labels, observation, attribution } = config;
  const plan = planOf({ labels, schema, observation, attribution });
  const { signal } = runtime;
  const client = connectStreams({ address: config.streams, ...runtime.security.clients });
  const partitions = await ensureStreams(
    client,
    [...INPUT_STREAMS, ...OUTPUT_STREAMS, ...(config.member === undefined ? [] : [STATE_STREAM])],
    config.partitions,
    { signal },
  );
  const store = await openStateStore(config.data);
  observeDisk(config.data);
  const options = {
    store,
    client,
    plan,
    policy,
    liveBoundMs: deterministic ? undefined : WATERMARK_BOUND_MS,
    partitions,
    now: Date.now,
    warn: (error: unknown, message: string) => runtime.log.warn({ err: error }, message),
  };
  const member = config.member === undefined ? undefined : await joinGroup(config, config.member, runtime);
  const stitcher: StitcherRun =
    member === undefined
      ? await Stitcher.open({ ...options, durability, signal })
      : await GroupStitcher.open({ ...options, ...member, leaseMs: config.leaseMs });
  const joins = () => stitcher.joins;
  runtime.admin.get('/counters', () => ({
    ...countersReport(joins()),
    ...(member !== undefined && { member: config.member, generation: member.group.generation }),
  }));
  observeStitcher(joins, Date.now);
  // Health and reflection only: the stitcher's work comes from the streams.
  const server = createGrpcServer({ security: runtime.security.listeners });
  const listen = await server.bind(config.listen);
  // An error here ends the process; the state is where the last stored step left it.
  const running = stitcher.run();
  return {
    listen,
    async stop() {
      await server.stop(GRPC_STOP_MS);
      await stitcher.stop();
      await running;
      await member?.weir.close();
      await client.close();
      await store.close();
    },
  };
}

async function joinGroup(
  { seeds, leaseMs }: StitcherConfig,
  member: string,
  { signal, log, security }: Runtime,
) {
  const weir = await connect({ seeds, clientId: `stitcher/${member}`, ...security.clients, signal });
  const group = await weir.group(STITCHER_GROUP, { member, leaseMs, signal });
  const onTakenOver = (partition: number, { restored, runner }: TakenOver, tookMs: number): void => {
    const { readBytes, position } = restored;
    const openRequests = runner.stitcher.join.counters.openRequests;
    log.info(
      { partition, readBytes, offset: position.offset, openRequests, tookMs },
      'took a partition over',
    );
  };
  return { weir, group, onTakenOver };
}

async function readSchemaFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new WeirError('CONFIGURATION', `--schema ${file}: ${(error as Error).message}`, { cause: error });
  }
}
