// Takes records in: good ones to `features` and `behaviour`, bad ones to `rejected`, repeats nowhere; and answers when
// all that is durable. A failed call may have appended a part: the caller repeats all of it, the stitcher drops what
// came twice.
import { WeirError } from '@weir/proto';
import type { PutResponse } from '@weir/proto/v1/ingest';
import type { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { type AppendRecord, partitionOf, type StreamsClient } from '@weir/streams/client';
import { countReason } from '../core/counters.ts';
import type { RejectedReason } from '../core/reasons.ts';
import { sideRecord } from '../core/side-outputs.ts';
import { type Classified, classifyEvent, classifyFeatures, type Incoming } from './classify.ts';
import { InFlight } from './in-flight.ts';
import {
  IN_FLIGHT_BYTES_MAX,
  OVERLOADED_RETRY_MS,
  RECORDS_PER_CALL_MAX,
  REPEAT_CACHE_BYTES,
} from './limits.ts';
import { RepeatCache } from './repeat-cache.ts';

export interface IngestOptions {
  readonly client: StreamsClient;
  readonly partitions: number;
  /** Wall clock. */
  readonly now: () => number;
  readonly inFlightBytesMax?: number;
}

export interface IngestCounters {
  accepted: number;
  duplicates: number;
  rejected: Partial<Record<RejectedReason, number>>;
}

interface Part {
  readonly stream: string;
  readonly partition: number;
  readonly records: AppendRecord[];
  readonly classified: Classified[];
}

export class Ingest {
  readonly counters: IngestCounters = { accepted: 0, duplicates: 0, rejected: {} };
  readonly #options: IngestOptions;
  readonly #inFlight: InFlight;
  readonly #repeats = new RepeatCache(REPEAT_CACHE_BYTES);

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#inFlight = new InFlight(options.inFlightBytesMax ?? IN_FLIGHT_BYTES_MAX, OVERLOADED_RETRY_MS);
  }

  get inFlightBytes(): number {
    return this.#inFlight.bytes;
  }

  putFeatures(records: readonly Incoming<FeatureRecord>[]): Promise<PutResponse> {
    return this.#put(records, classifyFeatures);
  }

  putEvents(events: readonly Incoming<BehaviourEvent>[]): Promise<PutResponse> {
    return this.#put(events, classifyEvent);
  }

  async #put<R>(
    records: readonly Incoming<R>[],
    classify: (incoming: Incoming<R>, nowMs: number) => Classified,
  ): Promise<PutResponse> {
    if (records.length > RECORDS_PER_CALL_MAX) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `${records.length} records in one call; at most ${RECORDS_PER_CALL_MAX}`,
      );
    }
    const nowMs = this.#options.now();
    const classified = records.map((record) => classify(record, nowMs));
    const response: PutResponse = { accepted: 0, duplicates: 0, rejections: [] };
    const parts = this.#parts(classified, response);
    let bytes = 0;
    for (const { value } of classified) bytes += value.length;
    await this.#inFlight.during(bytes, async () => {
      const appends = await Promise.allSettled(parts.map((part) => this.#append(part)));
      for (const append of appends) if (append.status === 'rejected') throw append.reason;
    });
    this.counters.accepted += response.accepted;
    this.counters.duplicates += response.duplicates;
    for (const { reason } of response.rejections)
      countReason(this.counters.rejected, reason as RejectedReason);
    return response;
  }

  /** What to append where; fills in the answer. */
  #parts(classified: readonly Classified[], response: PutResponse): Part[] {
    const parts = new Map<string, Part>();
    const inThisCall = new Map<string, number>();
    classified.forEach((one, index) => {
      const { stream, reason, id, contentHash, value } = one;
      if (reason !== undefined) {
        response.rejections.push({ index, reason });
        const { servingId, eventId, timeMs } = one;
        const side = sideRecord({ reason, stream, servingId, eventId, timeMs, value });
        this.#part(parts, 'rejected', one.partitionKey).records.push({ value: side });
      } else if (this.#repeats.has(id, contentHash) || inThisCall.get(id) === contentHash) {
        response.duplicates++;
      } else {
        response.accepted++;
        inThisCall.set(id, contentHash);
        const part = this.#part(parts, stream, one.partitionKey);
        part.records.push({ value });
        part.classified.push(one);
      }
    });
    return [...parts.values()];
  }

  #part(parts: Map<string, Part>, stream: string, partitionKey: string): Part {
    const partition = partitionOf(partitionKey, this.#options.partitions);
    const name = `${stream}/${partition}`;
    const known = parts.get(name);
    if (known !== undefined) return known;
    const part: Part = { stream, partition, records: [], classified: [] };
    parts.set(name, part);
    return part;
  }

  async #append({ stream, partition, records, classified }: Part): Promise<void> {
    await this.#options.client.append(stream, partition, records);
    for (const { id, contentHash } of classified) this.#repeats.add(id, contentHash);
  }
}
