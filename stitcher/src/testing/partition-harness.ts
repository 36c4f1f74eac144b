// One partition driven by hand over a real store and real streams: read, step, store, append, in that order, with a
// place between any two at which it can die.
import { BehaviourEvent, FeatureRecord, SampleRecord, SideRecord } from '@weir/proto/v1/records';
import type { Store } from '@weir/store';
import {
  type AppendRecord,
  END_OF_INPUT_MS,
  type Producer,
  type StreamRecord,
  type StreamsClient,
} from '@weir/streams/client';
import { INPUT_STREAMS, type InputStream } from '../core/counters.ts';
import type { JoinOptions } from '../core/join-options.ts';
import { OUTPUT_STREAMS, type OutputStream } from '../core/join-step.ts';
import { STATE_STREAM } from '../pipeline-streams.ts';
import { fenceOutputs } from '../server/fence-outputs.ts';
import type { OutboxEntry } from '../server/outbox.ts';
import { type MemoryShare, PartitionStitcher } from '../server/partition-stitcher.ts';
import { restoreState } from '../server/restore-state.ts';
import { StateLog } from '../server/state-log.ts';
import { localWriter } from '../server/state-writer.ts';
import type { StreamItem } from './naive-join.ts';
import type { DecodedOutputs } from './plain-outputs.ts';

export const AMPLE: MemoryShare = { skeletonBytes: 1e9, templateBytes: 1e9, waitingBytes: 1e9 };
const NOW_MS = 1_000_000_000;

export class Died extends Error {}

/** Called between any two durable effects; throws `Died` to end the process there. */
export type Fuse = () => void;

export async function makeStreams(client: StreamsClient, partitions: number): Promise<void> {
  for (const stream of [...INPUT_STREAMS, ...OUTPUT_STREAMS, STATE_STREAM])
    await client.create(stream, partitions);
}

/** Both inputs with the end of input. */
export async function appendInputs(
  client: StreamsClient,
  partition: number,
  features: readonly StreamItem<FeatureRecord>[],
  behaviour: readonly StreamItem<BehaviourEvent>[],
): Promise<void> {
  const end = { progressTimeMs: END_OF_INPUT_MS };
  const encoded = <R>(items: readonly StreamItem<R>[], encode: (record: R) => Uint8Array): AppendRecord[] =>
    items.map((item) =>
      'record' in item ? { value: encode(item.record) } : { progressTimeMs: item.progressMs },
    );
  const featureBytes = encoded(features, (record) => FeatureRecord.encode(record).finish());
  const behaviourBytes = encoded(behaviour, (event) => BehaviourEvent.encode(event).finish());
  await client.append('features', partition, [...featureBytes, end]);
  await client.append('behaviour', partition, [...behaviourBytes, end]);
}

export async function readAll(
  client: StreamsClient,
  stream: string,
  partition: number,
): Promise<StreamRecord[]> {
  const records: StreamRecord[] = [];
  for await (const batch of client.read(stream, partition, { offset: 0 })) records.push(...batch.records);
  return records;
}

export async function readOutputs(client: StreamsClient, partition: number): Promise<DecodedOutputs> {
  const values = async (stream: OutputStream) =>
    (await readAll(client, stream, partition))
      .filter(({ progressTimeMs }) => progressTimeMs === undefined)
      .map(({ value }) => value);
  const side = async (stream: OutputStream) =>
    (await values(stream)).map((bytes) => SideRecord.decode(bytes));
  return {
    samples: (await values('samples')).map((bytes) => SampleRecord.decode(bytes)),
    late: await side('late'),
    orphans: await side('orphans'),
    rejected: await side('rejected'),
  };
}

async function logWriter(store: Store, client: StreamsClient, partition: number, producer: Producer) {
  const { signal } = new AbortController();
  const warn = (error: unknown) => {
    throw error;
  };
  const options = { client, store, partition, producer, settings: 'test', signal, warn };
  return new StateLog({ ...options, restored: await restoreState(options) });
}

/**
 * One process's life: opens, fences, re-appends, then works through the rest of the inputs.
 * @param stepRecords how many records of each stream the next step takes
 */
export async function live(
  store: Store,
  client: StreamsClient,
  options: JoinOptions,
  {
    epoch = 1,
    memory = AMPLE,
    isMember = false,
    fuse = () => {},
    stepRecords = () => 3,
  }: {
    epoch?: number;
    memory?: MemoryShare;
    /** The state is in the log; the store is a copy. */
    isMember?: boolean;
    fuse?: Fuse;
    stepRecords?: (stream: InputStream) => number;
  } = {},
): Promise<PartitionStitcher> {
  const { partition } = options;
  const producer = { id: `stitcher/${partition}`, epoch };
  const writer = isMember ? await logWriter(store, client, partition, producer) : localWriter(store);
  const stitcher = await PartitionStitcher.open(store, options, memory, writer);
  await fenceOutputs(client, stitcher, producer);
  const append = async (entry: OutboxEntry): Promise<void> => {
    fuse();
    await client.append(entry.stream, partition, entry.records, {
      producer: { ...producer, firstSequence: entry.firstSequence },
    });
    fuse();
    stitcher.appended(entry);
  };
  for (const entry of stitcher.unsent) await append(entry);

  const inputs = {
    features: await readAll(client, 'features', partition),
    behaviour: await readAll(client, 'behaviour', partition),
  };
  const take = (stream: InputStream) => {
    const { offset } = stitcher.input(stream);
    return { records: inputs[stream].slice(offset, offset + stepRecords(stream)), incarnation: 'test' };
  };
  const isDone = () =>
    stitcher.input('features').offset >= inputs.features.length &&
    stitcher.input('behaviour').offset >= inputs.behaviour.length;
  while (!isDone()) {
    for await (const commit of stitcher.process(
      { features: take('features'), behaviour: take('behaviour') },
      NOW_MS,
    )) {
      await commit.written;
      for (const entry of commit.entries) await append(entry);
    }
  }
  return stitcher;
}
