// At durability `memory` source offsets are gone with the process, as the rows are. So that nobody begins anew in silence, it
// stands on the disk which partitions were acquired there: after a restart they are lost, until they are reset.
import type { Store } from '@weir/store';
import type { SourceOffsets } from '../../core/source-offsets.ts';
import { decodeSourceEntries, encodeSourceEntries, type SourceEntry } from '../../core/source-state.ts';
import { ACQUIRED_RANGE, acquiredKey, META } from '../folder/families.ts';

/** On the disk when it resolves. */
export async function markAcquired(store: Store, entries: readonly SourceEntry[]): Promise<void> {
  const batch = store.batch();
  for (const entry of entries) {
    batch.put(META, acquiredKey(entry.group, entry.partition), encodeSourceEntries([entry]));
  }
  await store.write(batch);
  await store.sync();
}

/** On the disk when it resolves. */
export async function unmarkAcquired(store: Store, entries: readonly SourceEntry[]): Promise<void> {
  const batch = store.batch();
  for (const { group, partition } of entries) batch.delete(META, acquiredKey(group, partition));
  await store.write(batch);
  await store.sync();
}

/** What is marked and not known is lost. @throws WeirError CORRUPT; CONFIGURATION for a newer format. */
export async function loseAcquired(store: Store, sources: SourceOffsets): Promise<void> {
  for await (const { value } of store.range(META, ACQUIRED_RANGE)) {
    for (const entry of decodeSourceEntries(value)) sources.lose(entry);
  }
}
