// How far the local store has applied a partition's state log: stored with what it has applied, in the same batch.
import type { Store, WriteBatch } from '@weir/store';
import { FAMILIES, partitionBound } from './state-keys.ts';

export interface LogPosition {
  /** Next offset to apply; a batch begins there. */
  readonly offset: number;
  /** Of the log's partition. */
  readonly incarnation: string;
  /** Of the log's records, since the last time that the state was carried on; about. */
  readonly logBytes: number;
  /** Of the state when it was carried on last; 0: not yet. */
  readonly stateBytes: number;
}

const positionKey = (partition: number) => Buffer.concat([partitionBound(partition), Buffer.from('log')]);

export async function readPosition(store: Store, partition: number): Promise<LogPosition | undefined> {
  const bytes = await store.get('meta', positionKey(partition));
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as LogPosition);
}

export function putPosition(batch: WriteBatch, partition: number, position: LogPosition): void {
  batch.put('meta', positionKey(partition), Buffer.from(JSON.stringify(position)));
}

/** Forgets what the local store has of a partition. */
export async function clearPartition(store: Store, partition: number): Promise<void> {
  const batch = store.batch();
  for (const family of FAMILIES) {
    batch.deleteRange(family, partitionBound(partition), partitionBound(partition + 1));
  }
  await store.write(batch);
}
