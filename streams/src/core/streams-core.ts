// The streams server without its network: partitioned logs over an ordered store.
// Holds: what an append resolved with is durable at the chosen level; sequences and epochs of producers are stored
// in the same batch as their records; one batch is in flight.
import type { Store } from '@weir/store';
import type { AppendResult, GroupOffset, PartitionEnd, Producer } from '../streams-client.ts';
import type { EncodedAppend } from '../wire/messages.ts';
import { checkFormat, putStart } from './catalog.ts';
import { checkCount, checkName, checkProducer, checkReached, checkRecords } from './checks.ts';
import { makeChunks } from './chunk.ts';
import { CommitQueue, type Durability } from './commit-queue.ts';
import { committedByAll, groupOffsetsOf, putGroupOffset } from './group-offsets.ts';
import { chunkKey, encodePair, producerKey } from './keys.ts';
import { chunkStart, type ReadPart, readPart } from './read-part.ts';
import { StreamSet } from './stream-set.ts';

export interface StreamsCoreOptions {
  readonly durability: Durability;
  /** Wall clock, Unix ms. */
  readonly now: () => number;
  /** A new incarnation: never the same twice. */
  readonly incarnation: () => string;
}

export class StreamsCore {
  readonly #store: Store;
  readonly #options: StreamsCoreOptions;
  readonly #queue: CommitQueue;
  readonly #streams: StreamSet;

  private constructor(store: Store, options: StreamsCoreOptions, queue: CommitQueue, streams: StreamSet) {
    this.#store = store;
    this.#options = options;
    this.#queue = queue;
    this.#streams = streams;
  }

  /** Over a store with the families of FAMILIES. @throws WeirError CONFIGURATION for a newer format, CORRUPT. */
  static async open(store: Store, options: StreamsCoreOptions): Promise<StreamsCore> {
    await checkFormat(store);
    const queue = new CommitQueue(store, options.durability);
    const streams = await StreamSet.load(store, queue, options.incarnation);
    return new StreamsCore(store, options, queue, streams);
  }

  /** Whether it was made now. */
  create(stream: string, partitions: number): Promise<boolean> {
    return this.#streams.create(stream, partitions);
  }

  /** In order of their names. */
  streams(): { stream: string; partitions: number }[] {
    return this.#streams.list();
  }

  async append(append: EncodedAppend): Promise<AppendResult> {
    const { producer, records } = append;
    const log = this.#streams.log(append.stream, append.partition);
    const bytes = checkRecords(log.title, records);
    if (producer !== undefined) checkProducer(producer.id, producer.epoch);
    if (records.length === 0) return { endOffset: log.endOffset, duplicates: 0 };
    this.#queue.checkRoom(bytes);
    const admission = producer && log.admit(producer, append.firstSequence, records.length);
    const duplicates = admission?.duplicates ?? 0;
    const fresh = duplicates === 0 ? records : records.slice(duplicates);
    const chunks = makeChunks(fresh, log.take(fresh.length), this.#options.now());
    const endOffset = log.nextOffset;
    // A repeated append waits as well: it is acknowledged once what it repeats is durable.
    await this.#queue.commit({
      bytes,
      write: (batch) => {
        for (const chunk of chunks) batch.put('records', chunkKey(log.id, chunk.firstOffset), chunk.bytes);
        if (producer === undefined || admission === undefined) return;
        const { epoch, lastSequence } = admission.next;
        batch.put('producers', producerKey(log.id, producer.id), encodePair(epoch, lastSequence));
      },
      durable: () => log.extend(chunks, this.#streams.tailBytesMax),
    });
    return { endOffset, duplicates };
  }

  /** Durable records from an offset on; undefined at the end. `incarnation` '': any. */
  async read(
    stream: string,
    partition: number,
    offset: number,
    incarnation: string,
  ): Promise<ReadPart | undefined> {
    const log = this.#streams.log(stream, partition);
    checkCount('the offset', offset);
    log.checkReadable(offset, incarnation);
    return readPart(this.#store, log, offset);
  }

  /** Resolves when a durable record stands at the offset, or the signal is aborted. */
  async grown(stream: string, partition: number, offset: number, signal: AbortSignal): Promise<void> {
    await this.#streams.log(stream, partition).grown(offset, signal);
  }

  ends(stream: string): PartitionEnd[] {
    return this.#streams.logs(stream).map(({ id, startOffset, endOffset, incarnation }) => ({
      partition: id.partition,
      startOffset,
      endOffset,
      incarnation,
    }));
  }

  async commitOffsets(group: string, stream: string, offsets: readonly GroupOffset[]): Promise<void> {
    checkName('group', group);
    for (const { partition, offset } of offsets) {
      checkReached(`group "${group}" cannot be at`, offset, this.#streams.log(stream, partition));
    }
    await this.#queue.commit({
      bytes: 0,
      write: (batch) => {
        for (const offset of offsets) putGroupOffset(batch, group, stream, offset);
      },
    });
  }

  async groupOffsets(group: string, stream: string): Promise<GroupOffset[]> {
    checkName('group', group);
    this.#streams.logs(stream);
    return groupOffsetsOf(this.#store, group, stream);
  }

  /** The last sequence of the producer, whose lower epochs are FENCED from now on. */
  async fence(stream: string, partition: number, producer: Producer): Promise<number> {
    const log = this.#streams.log(stream, partition);
    checkProducer(producer.id, producer.epoch);
    this.#queue.checkRoom(0);
    const { epoch, lastSequence } = log.fence(producer);
    await this.#queue.commit({
      bytes: 0,
      write: (batch) =>
        batch.put('producers', producerKey(log.id, producer.id), encodePair(epoch, lastSequence)),
    });
    return lastSequence;
  }

  /** The first offset that is left. */
  async trim(stream: string, partition: number, offset: number): Promise<number> {
    const log = this.#streams.log(stream, partition);
    checkReached('nothing can be trimmed up to', offset, log);
    if (offset <= log.startOffset) return log.startOffset;
    // A chunk goes when all of it is below; at the end that is every chunk.
    const boundary = offset === log.endOffset ? offset : await chunkStart(this.#store, log.id, offset);
    this.#queue.checkRoom(0);
    log.trim(Math.max(offset, log.startOffset));
    const { startOffset } = log;
    await this.#queue.commit({
      bytes: 0,
      write: (batch) => {
        putStart(batch, log.id, startOffset);
        batch.deleteRange('records', chunkKey(log.id, 0), chunkKey(log.id, boundary ?? 0));
      },
    });
    return startOffset;
  }

  /**
   * Removes what every consumer of the stream has committed: the groups named, at least one, and every other that
   * ever committed an offset there. Returns the number of records removed.
   */
  async trimCommitted(stream: string, groups: readonly string[]): Promise<number> {
    const logs = this.#streams.logs(stream);
    const offsets = await committedByAll(this.#store, stream, logs.length, groups);
    let removed = 0;
    for (const [partition, offset] of offsets.entries()) {
      const { startOffset } = logs[partition]!;
      if (offset > startOffset) removed += (await this.trim(stream, partition, offset)) - startOffset;
    }
    return removed;
  }

  /** Bytes of appends that wait for the store. */
  get waitingBytes(): number {
    return this.#queue.waitingBytes;
  }

  /** Finishes the appends under way; the store stays the caller's. */
  async close(): Promise<void> {
    await this.#queue.close();
  }
}
