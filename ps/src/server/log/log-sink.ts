// Where the push log's records go: into the store at the durability of the cluster, or nowhere.
import type { Store } from '@weir/store';
import { COMMIT_BYTES, SYNCED_COMMIT_BYTES } from '../../limits.ts';
import { LOG, META, seqKey } from '../folder/families.ts';

export const DURABILITIES = ['memory', 'process', 'machine'] as const;
/**
 * What an acknowledged push survives: `memory` nothing (the shard opens empty), `process` the end of the process
 * (kill -9), `machine` the end of the machine.
 */
export type Durability = (typeof DURABILITIES)[number];

export interface PlacedRecord {
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly meta?: { readonly key: Uint8Array; readonly value: Uint8Array } | undefined;
}

export interface LogSink {
  /** Whether records are stored at all; if not, nobody needs to encode them. */
  readonly keeps: boolean;
  /** Records that a write should take together; more would only wait for each other. */
  readonly commitBytes: number;
  /**
   * All or none, durable when it resolves. The same records may come again after an error. Their bytes are used for
   * others once it has resolved.
   */
  write(records: readonly PlacedRecord[]): Promise<void>;
}

export function createLogSink(store: Store, durability: Durability): LogSink {
  if (durability === 'memory')
    return { keeps: false, commitBytes: COMMIT_BYTES, write: async () => undefined };
  return {
    keeps: true,
    commitBytes: durability === 'machine' ? SYNCED_COMMIT_BYTES : COMMIT_BYTES,
    async write(records) {
      const batch = store.batch();
      for (const { seq, bytes, meta } of records) {
        batch.put(LOG, seqKey(seq), bytes);
        if (meta !== undefined) batch.put(META, meta.key, meta.value);
      }
      await store.write(batch);
      if (durability === 'machine') await store.sync();
    },
  };
}
