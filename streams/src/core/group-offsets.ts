// Where a group of consumers stands: next offset and event time per partition.
import type { StoreReader, WriteBatch } from '@weir/store';
import type { GroupOffset } from '../streams-client.ts';
import { afterPrefix, groupKey, groupPrefix, partitionOfGroupKey, readU64, writeU64 } from './keys.ts';

/** Value: offset (u64, big-endian), time (f64, big-endian). */
export function putGroupOffset(
  batch: WriteBatch,
  group: string,
  stream: string,
  { partition, offset, timeMs }: GroupOffset,
): void {
  const value = Buffer.alloc(16);
  writeU64(value, 0, offset);
  value.writeDoubleBE(timeMs, 8);
  batch.put('groups', groupKey(group, stream, partition), value);
}

/** In order of partitions. */
export async function groupOffsetsOf(
  store: StoreReader,
  group: string,
  stream: string,
): Promise<GroupOffset[]> {
  const prefix = groupPrefix(group, stream);
  const offsets: GroupOffset[] = [];
  for await (const { key, value } of store.range('groups', { gte: prefix, lt: afterPrefix(prefix) })) {
    const time = new DataView(value.buffer, value.byteOffset, value.byteLength).getFloat64(8);
    offsets.push({ partition: partitionOfGroupKey(key), offset: readU64(value, 0), timeMs: time });
  }
  return offsets;
}
