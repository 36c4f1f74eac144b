// Takes a partition's state over: fences whoever wrote its log before, then brings the local store to the log's end.
// The local store is a cache: of a beginning of the log that ends with a whole step, never of anything else.
import { WeirError } from '@weir/proto';
import type { Store, WriteBatch } from '@weir/store';
import type { Producer, StreamsClient } from '@weir/streams/client';
import { type StateBatch, StateBatchReader } from '../core/state-batch.ts';
import { STATE_STREAM } from '../pipeline-streams.ts';
import { RESTORE_BYTES } from './limits.ts';
import { clearPartition, type LogPosition, putPosition, readPosition } from './log-position.ts';
import { applyChanges } from './state-changes.ts';

export interface RestoreOptions {
  readonly client: StreamsClient;
  readonly store: Store;
  readonly partition: number;
  readonly producer: Producer;
  /** Under which the state was made, and goes on. */
  readonly settings: string;
  readonly signal: AbortSignal;
}

export interface RestoredState {
  readonly position: LogPosition;
  /** Of the log's records by this producer. */
  readonly lastSequence: number;
  /** Bytes of the log that were read. */
  readonly readBytes: number;
}

/** @throws WeirError FENCED when a newer generation has the partition, CONFIGURATION under other settings, CANCELLED. */
export async function restoreState(options: RestoreOptions): Promise<RestoredState> {
  const { client, store, partition, producer, signal } = options;
  const { lastSequence } = await client.fence(STATE_STREAM, partition, producer, { signal });
  for (;;) {
    const ends = await client.endOffsets(STATE_STREAM, { signal });
    const { startOffset, endOffset, incarnation } = ends[partition]!;
    let position = await readPosition(store, partition);
    if (
      position === undefined ||
      position.incarnation !== incarnation ||
      position.offset < startOffset ||
      position.offset > endOffset
    ) {
      await clearPartition(store, partition);
      position = { offset: startOffset, incarnation, logBytes: 0, stateBytes: 0 };
    }
    try {
      return { lastSequence, ...(await applyLog(options, position)) };
    } catch (thrown) {
      // A former owner that had carried the state on has trimmed the log just now: what it needs stands further on.
      if (WeirError.from(thrown).code !== 'OFFSET_OUT_OF_RANGE') throw thrown;
    }
  }
}

async function applyLog(
  { client, store, partition, settings, signal }: RestoreOptions,
  position: LogPosition,
): Promise<Pick<RestoredState, 'position' | 'readBytes'>> {
  const reader = new StateBatchReader();
  const { offset, incarnation, stateBytes } = position;
  let [logBytes, readBytes, pendingBytes] = [position.logBytes, 0, 0];
  let batch = store.batch();
  const write = async (applied: WriteBatch, nextOffset: number): Promise<void> => {
    putPosition(applied, partition, { offset: nextOffset, incarnation, logBytes, stateBytes });
    await store.write(applied);
    batch = store.batch();
    pendingBytes = 0;
  };
  let nextOffset = offset;
  for await (const { records } of client.read(STATE_STREAM, partition, { offset, incarnation, signal })) {
    for (const record of records) {
      readBytes += record.value.length;
      logBytes += record.value.length;
      const complete = reader.add(record.value);
      if (complete === undefined) continue;
      checkSettings(complete, settings, partition);
      applyChanges(batch, complete.changes);
      nextOffset = record.offset + 1;
      pendingBytes += record.value.length;
      if (pendingBytes >= RESTORE_BYTES) await write(batch, nextOffset);
    }
  }
  if (signal.aborted)
    throw new WeirError('CANCELLED', `the state of partition ${partition} was not read to its end`);
  await write(batch, nextOffset);
  return { position: { offset: nextOffset, incarnation, logBytes, stateBytes }, readBytes };
}

function checkSettings(batch: StateBatch, settings: string, partition: number): void {
  if (batch.settings === settings) return;
  throw new WeirError(
    'CONFIGURATION',
    `the state of partition ${partition} was made with ${batch.settings}, not ${settings}: its open requests have those windows; start every stitcher of the group with the same settings`,
  );
}
