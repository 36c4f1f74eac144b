// What the store says at opening: the format of the folder, the streams, and where each partition stands.
import { WeirError } from '@weir/proto';
import type { Store, StoreReader, WriteBatch } from '@weir/store';
import type { ProducerState } from './admit.ts';
import { storedChunk } from './chunk.ts';
import {
  chunkKey,
  decodePair,
  FORMAT_KEY,
  offsetOfChunkKey,
  type PartitionId,
  partitionKey,
  producerKey,
  producerOfKey,
  readU64,
  STREAMS_RANGE,
  startKey,
  streamKey,
  streamOfKey,
  writeU64,
} from './keys.ts';
import type { RecoveredPartition } from './partition-log.ts';

/** Raised when stored bytes change their meaning. */
const FORMAT_VERSION = 1;

export interface StreamDefinition {
  readonly id: number;
  /** One per partition. */
  readonly incarnations: readonly string[];
}

/** Marks a new folder; refuses one of a newer version. */
export async function checkFormat(store: Store): Promise<void> {
  const stored = await store.get('meta', FORMAT_KEY);
  if (stored === undefined) {
    await store.write(store.batch().put('meta', FORMAT_KEY, Buffer.from(JSON.stringify(FORMAT_VERSION))));
    return;
  }
  const version: unknown = parsed(stored, 'the format version');
  if (version === FORMAT_VERSION) return;
  throw new WeirError(
    'CONFIGURATION',
    `the streams' folder has format ${version}, this version of Weir reads format ${FORMAT_VERSION}: start the version that wrote it`,
  );
}

export async function loadStreams(store: StoreReader): Promise<Map<string, StreamDefinition>> {
  const streams = new Map<string, StreamDefinition>();
  for await (const { key, value } of store.range('meta', STREAMS_RANGE)) {
    const name = streamOfKey(key);
    streams.set(name, parsed(value, `the definition of stream "${name}"`) as StreamDefinition);
  }
  return streams;
}

export function putStream(batch: WriteBatch, name: string, definition: StreamDefinition): void {
  batch.put('meta', streamKey(name), Buffer.from(JSON.stringify(definition)));
}

/** The first offset that is left of the partition. */
export function putStart(batch: WriteBatch, id: PartitionId, startOffset: number): void {
  const start = Buffer.alloc(8);
  writeU64(start, 0, startOffset);
  batch.put('meta', startKey(id), start);
}

export async function loadPartition(store: StoreReader, id: PartitionId): Promise<RecoveredPartition> {
  const start = await store.get('meta', startKey(id));
  const startOffset = start === undefined ? 0 : readU64(start, 0);
  let endOffset = startOffset;
  const newest = { gte: chunkKey(id, 0), lt: afterPartition(id), reverse: true, limit: 1 };
  for await (const { key, value } of store.range('records', newest)) {
    endOffset = Math.max(endOffset, storedChunk(offsetOfChunkKey(key), value).endOffset);
  }
  const producers = new Map<string, ProducerState>();
  const all = { gte: producerKey(id, ''), lt: afterPartition(id) };
  for await (const { key, value } of store.range('producers', all)) {
    const [epoch, lastSequence] = decodePair(value);
    producers.set(producerOfKey(key), { epoch, lastSequence });
  }
  return { startOffset, endOffset, producers };
}

/** The least key above all of a partition's. */
export function afterPartition(id: PartitionId): Buffer {
  return partitionKey({ streamId: id.streamId, partition: id.partition + 1 });
}

function parsed(bytes: Uint8Array, what: string): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WeirError('CORRUPT', `${what} is not readable in the streams' folder: ${text}`, {
      cause: error,
    });
  }
}
