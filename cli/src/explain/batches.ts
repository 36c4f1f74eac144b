// The samples that a push was computed from, read back from their stream by the push's source ranges: what they were
// labelled, by which events, and which of the explained rows each of them has.
import type { ExampleDecoder, Model } from '@weir/model';
import { floatsFromBytes, type PackedKeys, u32FromBytes, unpackKeys } from '@weir/proto';
import { SampleRecord } from '@weir/proto/v1/records';
import type { ChangingPush, Weir } from '@weir/sdk';
import type { StreamsClient } from '@weir/streams/client';
import type { Batch, LearnedRequest, LearnedSample } from './explanation.ts';

export const SAMPLES_STREAM = 'samples';

export interface BatchReaderOptions {
  readonly weir: Weir;
  readonly streams: StreamsClient;
  readonly model: Model;
  readonly decoder: ExampleDecoder;
  /** The trainers' group: only its ranges are of the samples stream. */
  readonly group: string;
  /** Index of a row among those explained. */
  readonly rowOf: (table: number, key: bigint) => number | undefined;
}

interface KeptPartition {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly incarnation: string;
  /** Of the log that the shards have applied; undefined: they do not say. */
  readonly appliedIncarnation: string | undefined;
}

export class BatchReader {
  readonly #options: BatchReaderOptions;
  readonly #kept: ReadonlyMap<number, KeptPartition>;
  readonly #numbers = new Map<string, number>();
  readonly #batches: Batch[] = [];

  private constructor(options: BatchReaderOptions, kept: ReadonlyMap<number, KeptPartition>) {
    this.#options = options;
    this.#kept = kept;
  }

  static async open(options: BatchReaderOptions): Promise<BatchReader> {
    const { streams, weir, group } = options;
    const [ends, shards] = await Promise.all([
      streams.endOffsets(SAMPLES_STREAM),
      weir.sources(group).describe(),
    ]);
    const applied = new Map(
      shards.flatMap(({ partitions }) => partitions.map((one) => [one.partition, one.incarnation] as const)),
    );
    const kept = ends.map(
      (end) => [end.partition, { ...end, appliedIncarnation: applied.get(end.partition) }] as const,
    );
    return new BatchReader(options, new Map(kept));
  }

  get batches(): readonly Batch[] {
    return this.#batches;
  }

  /** Number of the push's batch; null where the push did not say what it was computed from. */
  async read({ sources }: ChangingPush): Promise<number | null> {
    if (sources.length === 0) return null;
    const name = JSON.stringify(
      sources.map(({ group, partition, from, to }) => [group, partition, from, to]),
    );
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#batches.length;
    this.#numbers.set(name, number);
    const requests: LearnedRequest[] = [];
    const unknown: string[] = [];
    for (const { group, partition, from, to } of sources) {
      if (group !== this.#options.group) {
        unknown.push(
          `source group ${group} is not ${this.#options.group}: its records are not in this stream`,
        );
      } else requests.push(...(await this.#readRange(partition, from, to, unknown)));
    }
    const ranges = sources.map(({ partition, from, to }) => ({ partition, from, to }));
    this.#batches.push({ group: sources[0]!.group, ranges, requests, unknown });
    return number;
  }

  async #readRange(
    partition: number,
    from: number,
    to: number,
    unknown: string[],
  ): Promise<LearnedRequest[]> {
    const kept = this.#kept.get(partition);
    const what = `samples ${from} to ${to} of partition ${partition}`;
    if (kept === undefined || (kept.appliedIncarnation ?? kept.incarnation) !== kept.incarnation) {
      unknown.push(`${what}: the stream was lost since, and begun anew`);
      return [];
    }
    const first = Math.max(from, kept.startOffset);
    if (first > from) unknown.push(`${what}: the stream is trimmed below ${kept.startOffset}`);
    const requests: LearnedRequest[] = [];
    if (first >= Math.min(to, kept.endOffset)) return requests;
    for await (const { records } of this.#options.streams.read(SAMPLES_STREAM, partition, {
      offset: first,
    })) {
      for (const { offset, value, progressTimeMs } of records) {
        if (offset >= to) return requests;
        if (progressTimeMs === undefined) requests.push(this.#request(SampleRecord.decode(value)));
      }
    }
    return requests;
  }

  #request(record: SampleRecord): LearnedRequest {
    return {
      serving_id: record.servingId,
      time_ms: record.timeMs,
      known_time_ms: record.knownTimeMs,
      revision: record.revision,
      samples: record.docIds.map((_, sample) => this.#sample(record, sample)),
    };
  }

  #sample(record: SampleRecord, sample: number): LearnedSample {
    const labels: [string, number][] = [];
    for (const { label, values, mask } of record.labels) {
      if (mask[sample] === 1) labels.push([label, floatsFromBytes(values)[sample]!]);
    }
    return {
      document: record.docIds[sample]!,
      labels: Object.fromEntries(labels),
      events: record.events
        .filter((event) => event.sample === sample)
        .map(({ label, eventId, timeMs }) => ({ label, event_id: eventId, time_ms: timeMs })),
      rows: this.#rowsOf(record, sample),
    };
  }

  #rowsOf(record: SampleRecord, sample: number): number[] {
    const { model, decoder, rowOf } = this.#options;
    const row = record.rows.length === 0 ? sample : u32FromBytes(record.rows)[sample]!;
    const { features, user, scene } = record;
    const docIds = [record.docIds[sample]!];
    const examples = decoder.decode({ features, user, scene, docIds, rows: Uint32Array.of(row) }, 'train');
    const rows = model
      .keys(examples)
      .flatMap((packed, table) =>
        Array.from(unpackKeys(packed as PackedKeys), (key) => rowOf(table, key)).filter(
          (found) => found !== undefined,
        ),
      );
    return [...new Set(rows)].sort((a, b) => a - b);
  }
}
