// Reads one input stream of one partition ahead of the join, within a bound.
import type { ReadBatch, StreamRecord, StreamsClient } from '@weir/streams/client';
import type { InputStream } from '../core/counters.ts';
import { READ_AHEAD_BYTES } from './limits.ts';
import type { InputPosition } from './partition-state.ts';
import type { InputBatch } from './partition-stitcher.ts';

/** What a record takes beside its bytes. */
const RECORD_OVERHEAD_BYTES = 64;

export interface InputReaderOptions {
  readonly client: StreamsClient;
  readonly stream: InputStream;
  readonly partition: number;
  readonly from: InputPosition;
  /** Wall clock. */
  readonly now: () => number;
  readonly onRecords: () => void;
}

export class InputReader {
  readonly #options: InputReaderOptions;
  #records: StreamRecord[] = [];
  #bytes = 0;
  #incarnation = '';
  #nextOffset: number;
  #endOffset = 0;
  #lastRecordMs: number;
  #room: (() => void) | undefined;

  constructor(options: InputReaderOptions) {
    this.#options = options;
    this.#nextOffset = options.from.offset;
    this.#lastRecordMs = options.now();
  }

  /** Bytes read and not yet taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /** After the last record read. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Everything that was there at the last read has been read. */
  get isCaughtUp(): boolean {
    return this.#nextOffset >= this.#endOffset;
  }

  /** When the last record came, by our clock. */
  get lastRecordMs(): number {
    return this.#lastRecordMs;
  }

  /** Takes all that was read. */
  take(): InputBatch {
    const records = this.#records;
    this.#records = [];
    this.#bytes = 0;
    this.#room?.();
    return { records, incarnation: this.#incarnation };
  }

  /** Ends when the signal aborts. WeirError SOURCE_LOST when the partition is not the one that was read before. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, stream, partition, from, onRecords, now } = this.#options;
    const known = from.incarnation !== '';
    signal.addEventListener('abort', () => this.#room?.(), { once: true });
    if (!known) {
      const ends = await client.endOffsets(stream, { signal });
      this.#nextOffset = ends[partition]!.startOffset;
    }
    const batches = client.read(stream, partition, {
      offset: this.#nextOffset,
      follow: true,
      signal,
      ...(known && { incarnation: from.incarnation }),
    });
    for await (const batch of batches) {
      this.#push(batch);
      this.#lastRecordMs = now();
      onRecords();
      while (this.#bytes > READ_AHEAD_BYTES && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#room = resolve;
        });
      }
    }
  }

  #push({ records, endOffset, incarnation }: ReadBatch): void {
    this.#incarnation = incarnation;
    this.#endOffset = endOffset;
    this.#nextOffset = records.at(-1)!.offset + 1;
    for (const record of records) this.#bytes += record.value.length + RECORD_OVERHEAD_BYTES;
    if (this.#records.length === 0) this.#records = records;
    else for (const record of records) this.#records.push(record);
  }
}
