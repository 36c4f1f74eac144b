// What the samples stream holds, counted as far as it was read.
import { floatsFromBytes } from '@weir/proto';
import { SampleRecord } from '@weir/proto/v1/records';
import type { StreamsClient } from '@weir/streams/client';

export class SampleTally {
  /** Times that each sample was emitted first. */
  readonly samples = new Map<string, number>();
  /** Times that each sample was said to be a positive. */
  readonly positives = new Map<string, number>();
  readonly #streams: StreamsClient;
  readonly #next: { offset: number; progressTimeMs: number }[];

  constructor(streams: StreamsClient, partitions: number) {
    this.#streams = streams;
    this.#next = Array.from({ length: partitions }, () => ({
      offset: 0,
      progressTimeMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Every sample that became known below it was read. */
  get progressTimeMs(): number {
    return Math.min(...this.#next.map(({ progressTimeMs }) => progressTimeMs));
  }

  /** From where the last reading ended to the stream's end. */
  async readOn(): Promise<void> {
    for (const [partition, next] of this.#next.entries()) {
      const { offset } = next;
      for await (const { records } of this.#streams.read('samples', partition, { offset })) {
        for (const { offset: read, value, progressTimeMs } of records) {
          next.offset = read + 1;
          if (progressTimeMs === undefined) this.#add(SampleRecord.decode(value));
          else next.progressTimeMs = progressTimeMs;
        }
      }
    }
  }

  #add({ servingId, docIds, revision, labels }: SampleRecord): void {
    const ids = docIds.map((doc) => `${servingId}/${doc}`);
    if (revision === 0) for (const id of ids) addOne(this.samples, id);
    for (const { values, mask } of labels) {
      const floats = floatsFromBytes(values);
      ids.forEach((id, i) => {
        if (mask[i] === 1 && floats[i] === 1) addOne(this.positives, id);
      });
    }
  }
}

function addOne(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}
