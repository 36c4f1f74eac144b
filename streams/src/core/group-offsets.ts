// Where a group of consumers stands: next offset and event time per partition.
import type { StoreReader, WriteBatch } from '@weir/store';
import type { GroupOffset } from '../streams-client.ts';
import {
  afterPrefix,
  groupKey,
  groupPrefix,
  parseGroupKey,
  partitionOfGroupKey,
  readU64,
  writeU64,
} from './keys.ts';

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

/**
 * The offsets below which every consumer of a stream is done, by partition. Consumers are the groups named and all
 * that have ever committed an offset in the stream; of one that has none in a partition everything there is kept.
 */
export async function committedByAll(
  store: StoreReader,
  stream: string,
  partitions: number,
  named: readonly string[],
): Promise<number[]> {
  const groups = new Map(named.map((group) => [group, new Map<number, number>()]));
  for await (const { key, value } of store.range('groups')) {
    const parsed = parseGroupKey(key);
    if (parsed.stream !== stream) continue;
    const offsets = groups.get(parsed.group) ?? new Map<number, number>();
    groups.set(parsed.group, offsets.set(parsed.partition, readU64(value, 0)));
  }
  return Array.from({ length: partitions }, (_, partition) =>
    Math.min(...[...groups.values()].map((offsets) => offsets.get(partition) ?? 0)),
  );
}
