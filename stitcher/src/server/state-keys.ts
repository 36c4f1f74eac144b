// Keys of the stitcher's store. All begin with the partition; those of requests go on with the exposure time, so that
// what is due or expired is one range, and with the serving id.
import { Buffer } from 'node:buffer';

export const FAMILIES = ['meta', 'requests', 'templates', 'waiting', 'spilled', 'outbox'] as const;

const TIME_END = 10;

function timedKey(partition: number, timeMs: number, tailBytes: number): Buffer {
  const key = Buffer.allocUnsafe(TIME_END + tailBytes);
  key.writeUInt16BE(partition, 0);
  writeU64(key, timeMs, 2);
  return key;
}

/** Families `requests` and `templates`. */
export function requestKey(partition: number, timeMs: number, servingId: string): Uint8Array {
  const key = timedKey(partition, timeMs, Buffer.byteLength(servingId));
  key.write(servingId, TIME_END);
  return key;
}

export function parseRequestKey(key: Uint8Array): { timeMs: number; servingId: string } {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return { timeMs: readU64(bytes, 2), servingId: bytes.toString('utf8', TIME_END) };
}

/** Below every key of this time and after every key of the times before it. */
export function timeBound(partition: number, timeMs: number): Uint8Array {
  return timedKey(partition, Math.max(0, timeMs), 0);
}

/** Family `waiting`. */
export function waitingKey(partition: number, timeMs: number, offset: number): Uint8Array {
  const key = timedKey(partition, timeMs, 8);
  writeU64(key, offset, TIME_END);
  return key;
}

export function parseWaitingKey(key: Uint8Array): { timeMs: number; offset: number } {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return { timeMs: readU64(bytes, 2), offset: readU64(bytes, TIME_END) };
}

/** Family `spilled`. */
export function spilledKey(partition: number, servingId: string): Uint8Array {
  const key = Buffer.allocUnsafe(2 + Buffer.byteLength(servingId));
  key.writeUInt16BE(partition, 0);
  key.write(servingId, 2);
  return key;
}

/** Family `outbox`. */
export function outboxKey(partition: number, stream: number, firstSequence: number): Uint8Array {
  const key = Buffer.allocUnsafe(11);
  key.writeUInt16BE(partition, 0);
  key.writeUInt8(stream, 2);
  writeU64(key, firstSequence, 3);
  return key;
}

/** The first key after those of a partition, in any family. */
export function partitionBound(partition: number): Uint8Array {
  const key = Buffer.allocUnsafe(2);
  key.writeUInt16BE(partition, 0);
  return key;
}

export function u64Bytes(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(8);
  writeU64(bytes, value, 0);
  return bytes;
}

export function u64Of(bytes: Uint8Array): number {
  return readU64(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

/** Whole numbers below 2^53. */
function writeU64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value % 2 ** 32, at + 4);
}

function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
