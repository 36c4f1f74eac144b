// Brings one partition to where it can go on: its state from the folder, or from the state log, and its outputs fenced.
import type { Store } from '@weir/store';
import type { StreamsClient } from '@weir/streams/client';
import type { JoinOptions } from '../core/join-options.ts';
import { fenceOutputs } from './fence-outputs.ts';
import { PartitionRunner } from './partition-runner.ts';
import { type MemoryShare, PartitionStitcher } from './partition-stitcher.ts';
import { type RestoredState, restoreState } from './restore-state.ts';
import { StateLog } from './state-log.ts';
import { localWriter, type StateWriter } from './state-writer.ts';

export interface PartitionOptions {
  readonly store: Store;
  readonly client: StreamsClient;
  readonly join: JoinOptions;
  /** Of this partition. */
  readonly memory: MemoryShare;
  /** Of the group, or of the folder: fences whoever had a lower one. */
  readonly generation: number;
  /** Wall clock. */
  readonly now: () => number;
  /** Aborted to end the opening, and the partition. */
  readonly ending: AbortController;
}

/** @param durable when a step, stored, may be appended: at once, or after a sync */
export async function openOwnFolder(
  options: PartitionOptions,
  durable: (written: Promise<void>) => Promise<void>,
): Promise<PartitionRunner> {
  return openPartition(options, localWriter(options.store), durable);
}

export interface TakenOver {
  readonly runner: PartitionRunner;
  readonly restored: RestoredState;
}

/** @throws WeirError FENCED when a newer generation has the partition; CANCELLED; see `restoreState`, `fenceOutputs`. */
export async function takeOver(
  options: PartitionOptions,
  settings: string,
  warn: (error: unknown, message: string) => void,
): Promise<TakenOver> {
  const { client, store, ending } = options;
  const { partition } = options.join;
  const producer = producerOf(options);
  const own = { client, store, partition, producer, settings, signal: ending.signal };
  const restored = await restoreState(own);
  // The streams' durability is the log's, so what stands in it may be appended at once.
  const runner = await openPartition(options, new StateLog({ ...own, restored, warn }), (stands) => stands);
  return { runner, restored };
}

async function openPartition(
  options: PartitionOptions,
  writer: StateWriter,
  durable: (written: Promise<void>) => Promise<void>,
): Promise<PartitionRunner> {
  const { store, client, memory, now, ending } = options;
  const stitcher = await PartitionStitcher.open(store, options.join, memory, writer);
  const producer = producerOf(options);
  await fenceOutputs(client, stitcher, producer, { signal: ending.signal });
  return new PartitionRunner({ stitcher, client, producer, memory, now, durable, ending });
}

const producerOf = ({ join, generation }: PartitionOptions) => ({
  id: `stitcher/${join.partition}`,
  epoch: generation,
});
