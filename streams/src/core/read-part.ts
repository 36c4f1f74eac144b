// One answer to a reader: consecutive chunks of a partition, from memory where they are new, else from the store.
import { WeirError } from '@weir/proto';
import type { Range, StoreReader } from '@weir/store';
import { CHUNK_BYTES, READ_CHUNKS_MAX } from '../limits.ts';
import { type Chunk, framesFrom, storedChunk } from './chunk.ts';
import { chunkKey, offsetOfChunkKey, type PartitionId } from './keys.ts';
import type { PartitionLog } from './partition-log.ts';

export interface ReadPart {
  /** Framed records, contiguous from the offset asked for on. */
  readonly frames: readonly Uint8Array[];
  readonly bytes: number;
  readonly firstOffset: number;
  /** Offset after the last record. */
  readonly nextOffset: number;
  /** Durable end of the partition. */
  readonly endOffset: number;
  readonly incarnation: string;
}

/** Records from a readable offset on, about CHUNK_BYTES of them; undefined at the durable end. */
export async function readPart(
  store: StoreReader,
  log: PartitionLog,
  offset: number,
): Promise<ReadPart | undefined> {
  if (offset >= log.endOffset) return undefined;
  const chunks = log.tail.from(offset, CHUNK_BYTES) ?? (await storedChunks(store, log, offset));
  const frames: Uint8Array[] = [];
  let bytes = 0;
  let nextOffset = offset;
  for (const chunk of chunks) {
    const part = framesFrom(chunk, nextOffset);
    frames.push(part);
    bytes += part.byteLength;
    nextOffset = chunk.endOffset;
  }
  return {
    frames,
    bytes,
    firstOffset: offset,
    nextOffset,
    endOffset: log.endOffset,
    incarnation: log.incarnation,
  };
}

async function storedChunks(store: StoreReader, log: PartitionLog, offset: number): Promise<Chunk[]> {
  const { id } = log;
  // What is in the store but not yet durable stays out of sight.
  const lt = chunkKey(id, log.endOffset);
  // Readers go on at the end of a chunk, so the next one begins there, unless this is a reader's first answer.
  let chunks = await contiguous(store, log, offset, { gte: chunkKey(id, offset), lt });
  if (chunks[0]?.firstOffset !== offset) {
    const first = await chunkStart(store, id, offset);
    chunks = first === undefined ? [] : await contiguous(store, log, first, { gte: chunkKey(id, first), lt });
  }
  const [first] = chunks;
  if (first === undefined || first.firstOffset > offset || first.endOffset <= offset)
    throw missing(log, offset);
  return chunks;
}

async function contiguous(
  store: StoreReader,
  log: PartitionLog,
  firstOffset: number,
  range: Range,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  let bytes = 0;
  for await (const entry of store.range('records', { ...range, limit: log.chunksPerRead })) {
    const chunk = storedChunk(offsetOfChunkKey(entry.key), entry.value);
    const expected = chunks.at(-1)?.endOffset ?? firstOffset;
    if (chunk.firstOffset !== expected) {
      if (chunks.length === 0) return [];
      throw missing(log, expected);
    }
    chunks.push(chunk);
    bytes += entry.value.byteLength;
    if (bytes >= CHUNK_BYTES) break;
  }
  // The store reads ahead by entries, whose size it does not know: ask for about as many as an answer takes.
  log.chunksPerRead = Math.min(
    READ_CHUNKS_MAX,
    Math.ceil((CHUNK_BYTES * chunks.length) / Math.max(1, bytes)) || 1,
  );
  return chunks;
}

/** First offset of the last chunk that begins at or below the offset. */
export async function chunkStart(
  store: StoreReader,
  id: PartitionId,
  offset: number,
): Promise<number | undefined> {
  const below = { gte: chunkKey(id, 0), lte: chunkKey(id, offset), reverse: true, limit: 1 };
  for await (const { key } of store.range('records', below)) return offsetOfChunkKey(key);
  return undefined;
}

function missing(log: PartitionLog, offset: number): WeirError {
  // Unless a trim overtook the read.
  log.checkReadable(offset, '');
  return new WeirError(
    'CORRUPT',
    `${log.title}: the record at offset ${offset} is missing from the store, although the partition has offsets ${log.startOffset} to ${log.endOffset}`,
  );
}
