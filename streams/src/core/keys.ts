// Keys and fixed-size values in the store. All numbers are big-endian, so that keys order as their numbers do.

export const FAMILIES = ['meta', 'records', 'producers', 'groups'] as const;

export const FORMAT_KEY = Buffer.from('format');
const STREAM_PREFIX = 'stream/';
const START_PREFIX = 'start/';

/** A partition in keys: the stream's number and its own. */
export interface PartitionId {
  readonly streamId: number;
  readonly partition: number;
}

export const PARTITION_KEY_BYTES = 8;

export function partitionKey({ streamId, partition }: PartitionId): Buffer {
  const key = Buffer.allocUnsafe(PARTITION_KEY_BYTES);
  key.writeUInt32BE(streamId, 0);
  key.writeUInt32BE(partition, 4);
  return key;
}

/** Of the chunk that begins with this offset. */
export function chunkKey(id: PartitionId, offset: number): Buffer {
  const key = Buffer.allocUnsafe(PARTITION_KEY_BYTES + 8);
  partitionKey(id).copy(key);
  writeU64(key, PARTITION_KEY_BYTES, offset);
  return key;
}

export function offsetOfChunkKey(key: Uint8Array): number {
  return readU64(key, PARTITION_KEY_BYTES);
}

export function producerKey(id: PartitionId, producer: string): Buffer {
  return Buffer.concat([partitionKey(id), Buffer.from(producer, 'utf8')]);
}

export function producerOfKey(key: Uint8Array): string {
  return textOf(key.subarray(PARTITION_KEY_BYTES));
}

/** Names have no '/', so that no prefix of one group is another's. */
export function groupPrefix(group: string, stream: string): Buffer {
  return Buffer.from(`${group}/${stream}/`);
}

export function groupKey(group: string, stream: string, partition: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeUInt32BE(partition);
  return Buffer.concat([groupPrefix(group, stream), key]);
}

export function parseGroupKey(key: Uint8Array): { group: string; stream: string; partition: number } {
  const [group = '', stream = ''] = textOf(key.subarray(0, -5)).split('/');
  return { group, stream, partition: partitionOfGroupKey(key) };
}

export function partitionOfGroupKey(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(key.byteLength - 4);
}

export function streamKey(stream: string): Buffer {
  return Buffer.from(STREAM_PREFIX + stream);
}

export function streamOfKey(key: Uint8Array): string {
  return textOf(key).slice(STREAM_PREFIX.length);
}

/** Of a partition's first offset, written by trims. */
export function startKey(id: PartitionId): Buffer {
  return Buffer.concat([Buffer.from(START_PREFIX), partitionKey(id)]);
}

/** The least key above all that begin with these bytes; the last byte must not be 255. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  const key = Buffer.from(prefix);
  key[key.byteLength - 1]! += 1;
  return key;
}

export const STREAMS_RANGE = { gte: Buffer.from(STREAM_PREFIX), lt: afterPrefix(Buffer.from(STREAM_PREFIX)) };

/** Two numbers below 2^53. */
export function encodePair(first: number, second: number): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  writeU64(bytes, 0, first);
  writeU64(bytes, 8, second);
  return bytes;
}

export function decodePair(bytes: Uint8Array): [number, number] {
  return [readU64(bytes, 0), readU64(bytes, 8)];
}

export function writeU64(bytes: Buffer, position: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), position);
  bytes.writeUInt32BE(value >>> 0, position + 4);
}

export function readU64(bytes: Uint8Array, position: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(position) * 2 ** 32 + view.getUint32(position + 4);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
