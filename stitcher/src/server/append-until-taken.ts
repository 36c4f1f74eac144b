// An append that the streams cannot take now is repeated until they can: its sequence numbers make that harmless.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { AppendRecord, AppendResult, Producer, StreamsClient } from '@weir/streams/client';
import { APPEND_RETRY_MS } from './limits.ts';

export interface NumberedAppend {
  readonly stream: string;
  readonly partition: number;
  readonly producer: Producer & { readonly firstSequence: number };
  readonly records: readonly AppendRecord[];
}

/** Undefined when the signal aborted before. @throws WeirError what repeating does not mend: FENCED, SEQUENCE_GAP, ... */
export async function appendUntilTaken(
  client: StreamsClient,
  { stream, partition, producer, records }: NumberedAppend,
  signal: AbortSignal,
): Promise<AppendResult | undefined> {
  while (!signal.aborted) {
    try {
      return await client.append(stream, partition, records, { producer, signal });
    } catch (thrown) {
      if (signal.aborted) break;
      const error = WeirError.from(thrown);
      if (!error.retryable) throw error;
      await sleep(error.retryAfterMs ?? APPEND_RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}
