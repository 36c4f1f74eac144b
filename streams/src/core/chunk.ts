// A chunk: framed records of one partition with contiguous offsets; the unit of the store and of the tail.
import { CHUNK_BYTES } from '../limits.ts';
import { frameLength, skipFrames, writeFrame } from '../wire/record-codec.ts';

export interface Chunk {
  readonly firstOffset: number;
  /** Offset after its last record. */
  readonly endOffset: number;
  /** As stored: the number of records (u32, little-endian), then the frames. */
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 4;

/** Records as chunks of about CHUNK_BYTES; at least one record each. */
export function makeChunks(
  records: readonly Uint8Array[],
  firstOffset: number,
  appendTimeMs: number,
): Chunk[] {
  const chunks: Chunk[] = [];
  for (let begin = 0; begin < records.length; ) {
    let length = HEADER_BYTES;
    let end = begin;
    while (end < records.length && (end === begin || length < CHUNK_BYTES)) {
      length += frameLength(records[end]!, firstOffset + end);
      end += 1;
    }
    const bytes = Buffer.allocUnsafe(length);
    let at = bytes.writeUInt32LE(end - begin, 0);
    for (let index = begin; index < end; index++) {
      at = writeFrame(bytes, at, records[index]!, firstOffset + index, appendTimeMs);
    }
    chunks.push({ firstOffset: firstOffset + begin, endOffset: firstOffset + end, bytes });
    begin = end;
  }
  return chunks;
}

/** A chunk as stored under its first offset. */
export function storedChunk(firstOffset: number, bytes: Uint8Array): Chunk {
  const count = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  return { firstOffset, endOffset: firstOffset + count, bytes };
}

/** The frames from an offset within the chunk on. */
export function framesFrom(chunk: Chunk, offset: number): Uint8Array {
  const frames = chunk.bytes.subarray(HEADER_BYTES);
  return offset === chunk.firstOffset
    ? frames
    : frames.subarray(skipFrames(frames, offset - chunk.firstOffset));
}
