// Writes one FeatureRecord per answer to the stream `features`: a bounded queue per partition, one append in
// flight each, so that records waiting behind it leave together.
import {
  childSpan,
  isCanary,
  messagingAttributes,
  outsideTraces,
  type Span,
  sampledNow,
  traceHeaders,
  WeirError,
} from '@weir/proto';
import { FeatureRecord } from '@weir/proto/v1/records';
import { partitionOf, type StreamsClient } from '@weir/streams/client';
import { FEATURE_LOG_BATCH_RECORDS, FEATURE_LOG_BYTES_MAX, FEATURE_LOG_RECORDS_MAX } from './limits.ts';

export const FEATURES_STREAM = 'features';

export const DROP_REASONS = ['queue_full', 'append_failed'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface FeatureLogOptions {
  readonly streams: StreamsClient;
  readonly partitions: number;
  /** Told of every record that was lost: a full queue under `after_answer`, or an append that failed for good. */
  readonly onDropped: (records: number, reason: DropReason) => void;
  /** Told of records of users. */
  readonly onAppended: (records: number) => void;
}

/** Makes the stream if there is none yet. */
export async function openFeatureLog(
  streams: StreamsClient,
  partitions: number,
  told: Pick<FeatureLogOptions, 'onDropped' | 'onAppended'>,
): Promise<FeatureLog> {
  await streams.create(FEATURES_STREAM, partitions);
  return new FeatureLog({ streams, partitions: await streams.partitions(FEATURES_STREAM), ...told });
}

interface Waiting {
  readonly value: Uint8Array;
  /** Of a sampled answer. */
  readonly span: Span | undefined;
  readonly isCanary: boolean;
  readonly settle: (error: WeirError | undefined) => void;
}

interface Partition {
  readonly number: number;
  readonly queue: Waiting[];
  appending: Promise<void> | undefined;
}

export class FeatureLog {
  readonly #options: FeatureLogOptions;
  readonly #partitions: Partition[];
  readonly #room: (() => void)[] = [];
  #records = 0;
  #bytes = 0;

  constructor(options: FeatureLogOptions) {
    this.#options = options;
    this.#partitions = Array.from({ length: options.partitions }, (_, number) => ({
      number,
      queue: [],
      appending: undefined,
    }));
  }

  /** `before_answer`: resolves when the record is appended, waiting for room first. Throws WeirError. */
  async append(record: FeatureRecord): Promise<void> {
    while (this.#full) await new Promise<void>((resolve) => this.#room.push(resolve));
    await new Promise<void>((resolve, reject) => {
      this.#enqueue(record, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** `after_answer`: queues the record, or drops and counts it when the queue is full. */
  offer(record: FeatureRecord): void {
    if (this.#full) {
      this.#options.onDropped(1, 'queue_full');
      return;
    }
    this.#enqueue(record, (error) => {
      if (error !== undefined) this.#options.onDropped(1, 'append_failed');
    });
  }

  /** Resolves when all that was queued is settled. */
  async drain(): Promise<void> {
    for (const partition of this.#partitions) {
      while (partition.appending !== undefined) await partition.appending;
    }
  }

  get #full(): boolean {
    return this.#records >= FEATURE_LOG_RECORDS_MAX || this.#bytes >= FEATURE_LOG_BYTES_MAX;
  }

  #enqueue(record: FeatureRecord, settle: Waiting['settle']): void {
    const value = FeatureRecord.encode(record).finish();
    const partition = this.#partitions[partitionOf(record.servingId, this.#partitions.length)]!;
    partition.queue.push({ value, isCanary: isCanary(record.servingId), settle, span: appendSpan() });
    this.#records++;
    this.#bytes += value.byteLength;
    partition.appending ??= outsideTraces(() => this.#appendAll(partition));
  }

  async #appendAll(partition: Partition): Promise<void> {
    // Records of the same turn of the event loop leave in one append.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (partition.queue.length > 0) {
      const batch = partition.queue.splice(0, FEATURE_LOG_BATCH_RECORDS);
      const error = await this.#appendBatch(partition.number, batch);
      for (const waiting of batch) {
        this.#records--;
        this.#bytes -= waiting.value.byteLength;
        waiting.span?.end();
        waiting.settle(error);
      }
      for (const wake of this.#room.splice(0)) wake();
    }
    partition.appending = undefined;
  }

  async #appendBatch(partition: number, batch: readonly Waiting[]): Promise<WeirError | undefined> {
    try {
      await this.#options.streams.append(
        FEATURES_STREAM,
        partition,
        batch.map(({ value, span }) =>
          span === undefined ? { value } : { value, headers: traceHeaders(span.spanContext()) },
        ),
      );
      this.#options.onAppended(batch.filter((waiting) => !waiting.isCanary).length);
      return undefined;
    } catch (error) {
      return WeirError.from(error);
    }
  }
}

/** From the queue to the stream; its context goes on in the record. Undefined for an answer that is not sampled. */
function appendSpan(): Span | undefined {
  const answer = sampledNow();
  if (answer === undefined) return undefined;
  const attributes = messagingAttributes(FEATURES_STREAM, { name: 'append', type: 'send' });
  return childSpan(`append ${FEATURES_STREAM}`, answer, { kind: 'PRODUCER', attributes });
}
