// The streams in one's own process: the client's interface directly over the server's core.
import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/proto';
import type { Store } from '@weir/store';
import { readParts } from './core/read-parts.ts';
import { StreamsCore } from './core/streams-core.ts';
import type {
  AppendOptions,
  AppendRecord,
  AppendResult,
  CallOptions,
  GroupOffset,
  PartitionEnd,
  Producer,
  ReadBatch,
  ReadOptions,
  StreamsClient,
} from './streams-client.ts';
import { tracedAppend } from './trace-append.ts';
import { encodeRecords } from './wire/encode-records.ts';
import { decodeFrames } from './wire/messages.ts';

/** Families that a store for streams must have. */
export { FAMILIES as STREAMS_FAMILIES } from './core/keys.ts';

/** Streams over a store with STREAMS_FAMILIES, durable at level `process`. Closing the client leaves the store open. */
export async function openEmbeddedStreams(store: Store): Promise<StreamsClient> {
  const core = await StreamsCore.open(store, {
    durability: 'process',
    now: Date.now,
    incarnation: randomUUID,
  });
  return new EmbeddedClient(core);
}

class EmbeddedClient implements StreamsClient {
  readonly #core: StreamsCore;
  readonly #closed = new AbortController();

  constructor(core: StreamsCore) {
    this.#core = core;
  }

  async create(stream: string, partitions: number): Promise<void> {
    this.#assertOpen();
    await this.#core.create(stream, partitions);
  }

  async partitions(stream: string): Promise<number> {
    return (await this.endOffsets(stream)).length;
  }

  async append(
    stream: string,
    partition: number,
    records: readonly AppendRecord[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    this.#assertOpen(options);
    const { producer } = options;
    return tracedAppend(stream, partition, records, (traced) =>
      this.#core.append({
        stream,
        partition,
        producer: producer && { id: producer.id, epoch: producer.epoch },
        firstSequence: producer?.firstSequence ?? 0,
        records: encodeRecords(traced),
      }),
    );
  }

  async *read(stream: string, partition: number, options: ReadOptions): AsyncGenerator<ReadBatch> {
    this.#assertOpen();
    const { offset, follow = false, incarnation = '', signal } = options;
    const ended = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
    const request = { stream, partition, offset, follow, incarnation };
    for await (const part of readParts(this.#core, request, ended)) {
      yield {
        records: part.frames.flatMap(decodeFrames),
        endOffset: part.endOffset,
        incarnation: part.incarnation,
      };
    }
    if (signal?.aborted !== true) this.#assertOpen();
  }

  async endOffsets(stream: string): Promise<PartitionEnd[]> {
    this.#assertOpen();
    return this.#core.ends(stream);
  }

  async commitOffsets(group: string, stream: string, offsets: readonly GroupOffset[]): Promise<void> {
    this.#assertOpen();
    await this.#core.commitOffsets(group, stream, offsets);
  }

  async groupOffsets(group: string, stream: string): Promise<GroupOffset[]> {
    this.#assertOpen();
    return this.#core.groupOffsets(group, stream);
  }

  async fence(stream: string, partition: number, producer: Producer): Promise<{ lastSequence: number }> {
    this.#assertOpen();
    return { lastSequence: await this.#core.fence(stream, partition, producer) };
  }

  async trim(stream: string, partition: number, offset: number): Promise<void> {
    this.#assertOpen();
    await this.#core.trim(stream, partition, offset);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#core.close();
  }

  #assertOpen({ signal }: CallOptions = {}): void {
    if (this.#closed.signal.aborted) throw new WeirError('CANCELLED', 'the streams client is closed');
    if (signal?.aborted === true) throw new WeirError('CANCELLED', 'the call was aborted before it began');
  }
}
