// The whole loop on this machine, ready for traffic: a run in a data folder, its services, its streams.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FigureSources } from '@weir/quickstart';
import { connect } from '@weir/sdk';
import { connectStreams, type StreamsClient } from '@weir/streams/client';
import { mergedReport, type TrainerTotals, trainerGroup } from '@weir/trainer';
import { PARTITIONS_MIN, SHARDS } from './limits.ts';
import { type LocalCluster, startLocalCluster } from './local-cluster.ts';
import { openRun, type Run, removeOlderRuns } from './runs.ts';
import type { ClusterSettings } from './service-commands.ts';

export interface LoopOptions {
  /** Where everything is kept; undefined: a temporary folder, removed at the end. */
  readonly data: string | undefined;
  /** Default: 1. */
  readonly trainers?: number;
  /** Members of their group; default: one, alone. */
  readonly stitchers?: number;
  /** Of every stream; default: as many as there are trainers or stitchers, at least 2. */
  readonly partitions?: number;
  /** OTLP endpoint of every service; undefined: the environment's. */
  readonly telemetry?: string | undefined;
  readonly settings: Omit<ClusterSettings, 'tableSet' | 'partitions'>;
  /** One message each: what a person should know. */
  readonly report: (message: string) => void;
}

export interface Loop extends AsyncDisposable {
  readonly run: Run;
  readonly cluster: LocalCluster;
  readonly streams: StreamsClient;
  /** Of every stream. */
  readonly partitions: number;
  /** Under which the trainers commit. */
  readonly trainerGroup: string;
  readonly figureSources: FigureSources;
}

/** Streams that the driver writes or reads; services make theirs too, the same way. */
const STREAMS = ['features', 'behaviour', 'samples'] as const;

/** @throws WeirError when a service does not start; nothing is left running then. */
export async function openLoop(options: LoopOptions): Promise<Loop> {
  const trainers = options.trainers ?? 1;
  const { stitchers } = options;
  const partitions = options.partitions ?? Math.max(PARTITIONS_MIN, trainers, stitchers ?? 1);
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'weir-')));
  const removeData = async (): Promise<void> => {
    if (options.data === undefined) await rm(data, { recursive: true, force: true });
  };
  try {
    const run = await openRun(data);
    const cluster = await startLocalCluster({
      folders: run.folders,
      shards: SHARDS,
      trainers,
      stitchers,
      telemetry: options.telemetry,
      settings: { ...options.settings, tableSet: run.name, partitions },
      report: options.report,
    });
    const { addresses } = cluster;
    const streams = connectStreams({ address: addresses.streams.listen });
    const close = async (): Promise<void> => {
      await streams.close();
      await cluster.stop();
      await removeData();
    };
    try {
      await Promise.all([
        ...STREAMS.map((stream) => streams.create(stream, partitions)),
        forgetOlderRuns(
          run,
          addresses.shards.map(({ listen }) => listen),
        ),
      ]);
    } catch (error) {
      await close();
      throw error;
    }
    return {
      run,
      cluster,
      streams,
      partitions,
      trainerGroup: trainerGroup(run.name),
      figureSources: {
        collectorAdmin: addresses.collector.admin,
        stitcherAdmins: () => cluster.stitchers.admins,
        partitions,
        trainerAdmins: () => cluster.trainers.admins,
        mergeTrainers: (totals) => ({ ...mergedReport(totals as unknown as readonly TrainerTotals[]) }),
        predictorAdmin: addresses.predictor.admin,
        shards: addresses.shards.map(({ listen }) => listen),
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await removeData();
    throw error;
  }
}

async function forgetOlderRuns(run: Run, seeds: readonly string[]): Promise<void> {
  if (run.older.length === 0) return;
  await using weir = await connect({ seeds, clientId: 'weir-runs' });
  await removeOlderRuns(run, weir);
}
