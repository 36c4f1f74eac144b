// The streams of one server, by name. A stream keeps its number of partitions; those of all streams together are bounded.
import { WeirError } from '@weir/proto';
import type { Store } from '@weir/store';
import { PARTITIONS_TOTAL_MAX, TAIL_BYTES_PER_PARTITION, TAIL_BYTES_TOTAL } from '../limits.ts';
import { loadPartition, loadStreams, putStream, type StreamDefinition } from './catalog.ts';
import { checkName, checkPartitions } from './checks.ts';
import type { CommitQueue } from './commit-queue.ts';
import { PartitionLog } from './partition-log.ts';

export class StreamSet {
  readonly #store: Store;
  readonly #queue: CommitQueue;
  readonly #incarnation: () => string;
  readonly #streams = new Map<string, PartitionLog[]>();
  #lastStreamId = 0;
  #partitions = 0;
  #creating: Promise<unknown> = Promise.resolve();

  private constructor(store: Store, queue: CommitQueue, incarnation: () => string) {
    this.#store = store;
    this.#queue = queue;
    this.#incarnation = incarnation;
  }

  /** @param incarnation a new one: never the same twice. @throws WeirError CORRUPT. */
  static async load(store: Store, queue: CommitQueue, incarnation: () => string): Promise<StreamSet> {
    const streams = new StreamSet(store, queue, incarnation);
    for (const [name, definition] of await loadStreams(store)) await streams.#add(name, definition);
    return streams;
  }

  /** Whether it was made now. */
  async create(stream: string, partitions: number): Promise<boolean> {
    checkName('stream', stream);
    checkPartitions(stream, partitions);
    const creating = this.#creating.then(() => this.#create(stream, partitions));
    this.#creating = creating.catch(() => undefined);
    return creating;
  }

  /** In order of their names. */
  list(): { stream: string; partitions: number }[] {
    return [...this.#streams]
      .map(([stream, logs]) => ({ stream, partitions: logs.length }))
      .sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  /** @throws WeirError STREAM_NOT_FOUND. */
  logs(stream: string): readonly PartitionLog[] {
    const logs = this.#streams.get(stream);
    if (logs !== undefined) return logs;
    throw new WeirError('STREAM_NOT_FOUND', `there is no stream "${stream}"; create it first`);
  }

  /** @throws WeirError STREAM_NOT_FOUND, INVALID_ARGUMENT. */
  log(stream: string, partition: number): PartitionLog {
    const logs = this.logs(stream);
    const log = logs[partition];
    if (log !== undefined) return log;
    throw new WeirError(
      'INVALID_ARGUMENT',
      `stream "${stream}" has partitions 0 to ${logs.length - 1}, not ${partition}`,
    );
  }

  /** What each partition may keep of its end in memory. */
  get tailBytesMax(): number {
    return Math.min(TAIL_BYTES_PER_PARTITION, Math.floor(TAIL_BYTES_TOTAL / this.#partitions));
  }

  async #create(stream: string, partitions: number): Promise<boolean> {
    const known = this.#streams.get(stream);
    if (known !== undefined) {
      if (known.length === partitions) return false;
      throw new WeirError(
        'SCHEMA_MISMATCH',
        `stream "${stream}" has ${known.length} partitions, not ${partitions}; a stream keeps its number`,
      );
    }
    if (this.#partitions + partitions > PARTITIONS_TOTAL_MAX) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `stream "${stream}": a process has at most ${PARTITIONS_TOTAL_MAX} partitions, and has ${this.#partitions}`,
      );
    }
    const definition: StreamDefinition = {
      id: this.#lastStreamId + 1,
      incarnations: Array.from({ length: partitions }, () => this.#incarnation()),
    };
    await this.#queue.commit({ bytes: 0, write: (batch) => putStream(batch, stream, definition) });
    await this.#add(stream, definition);
    return true;
  }

  async #add(stream: string, definition: StreamDefinition): Promise<void> {
    const logs: PartitionLog[] = [];
    for (const [partition, incarnation] of definition.incarnations.entries()) {
      const id = { streamId: definition.id, partition };
      const title = `stream "${stream}", partition ${partition}`;
      logs.push(new PartitionLog(id, title, incarnation, await loadPartition(this.#store, id)));
    }
    this.#lastStreamId = Math.max(this.#lastStreamId, definition.id);
    this.#partitions += logs.length;
    this.#streams.set(stream, logs);
  }
}
