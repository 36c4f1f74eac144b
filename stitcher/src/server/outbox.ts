// The outbox of one partition: outputs get their sequence numbers and are written in the batch of the step that made
// them; only then are they appended. Appending an entry again sends the same records under the same numbers.
import { AppendRequest, type Header } from '@weir/proto/v1/streams';
import { OUTPUT_STREAMS, type OutputRecord, type OutputStream } from '../core/join-step.ts';
import { OUTBOX_ENTRY_BYTES } from './limits.ts';
import { outboxKey } from './state-keys.ts';

export interface OutboxEntry {
  readonly key: Uint8Array;
  readonly stream: OutputStream;
  readonly firstSequence: number;
  readonly records: readonly OutputRecord[];
  readonly bytes: number;
}

/** Cuts the outputs of a step into entries; `sequences` (the last given) goes on with them. */
export function outboxEntries(
  partition: number,
  outputs: Readonly<Record<OutputStream, readonly OutputRecord[]>>,
  sequences: Record<OutputStream, number>,
): OutboxEntry[] {
  const entries: OutboxEntry[] = [];
  OUTPUT_STREAMS.forEach((stream, index) => {
    let records: OutputRecord[] = [];
    let bytes = 0;
    const close = (): void => {
      if (records.length === 0) return;
      const firstSequence = sequences[stream] + 1;
      sequences[stream] += records.length;
      entries.push({
        key: outboxKey(partition, index, firstSequence),
        stream,
        firstSequence,
        records,
        bytes,
      });
      records = [];
      bytes = 0;
    };
    for (const record of outputs[stream]) {
      const recordBytes = (record.value?.length ?? 0) + 16;
      if (bytes + recordBytes > OUTBOX_ENTRY_BYTES) close();
      records.push(record);
      bytes += recordBytes;
    }
    close();
  });
  return entries;
}

/** Stored as the append that it becomes, but for the producer, whose epoch is the process's. */
export function encodeOutboxEntry(
  partition: number,
  { stream, firstSequence, records }: OutboxEntry,
): Uint8Array {
  return AppendRequest.encode({
    stream,
    partition,
    producer: undefined,
    firstSequence,
    records: records.map(({ value = EMPTY, progressTimeMs, headers = {} }) => ({
      offset: 0,
      value,
      headers: Object.entries(headers).map(([name, text]) => ({ name, value: Buffer.from(text) })),
      progressTimeMs,
      appendTimeMs: 0,
    })),
  }).finish();
}

export function decodeOutboxEntry(key: Uint8Array, bytes: Uint8Array): OutboxEntry {
  const { stream, firstSequence, records } = AppendRequest.decode(bytes);
  return {
    key,
    stream: stream as OutputStream,
    firstSequence,
    records: records.map(({ value, progressTimeMs, headers }) => {
      if (progressTimeMs !== undefined) return { progressTimeMs };
      return headers.length === 0 ? { value } : { value, headers: headersOf(headers) };
    }),
    bytes: bytes.length,
  };
}

function headersOf(headers: readonly Header[]): Readonly<Record<string, string>> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, Buffer.from(value).toString()]));
}

const EMPTY = new Uint8Array(0);
