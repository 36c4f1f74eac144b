// What the server holds of one partition: its offsets, producers and newest records.
// Holds: startOffset <= endOffset <= nextOffset; records below endOffset are durable, those from there to nextOffset
// have their offset but wait for the store; only durable ones are ever shown.
import { WeirError } from '@weir/proto';
import { PRODUCERS_MAX } from '../limits.ts';
import type { Producer } from '../streams-client.ts';
import { type Admission, admit, checkEpoch, NEW_PRODUCER, type ProducerState } from './admit.ts';
import type { Chunk } from './chunk.ts';
import type { PartitionId } from './keys.ts';
import { Tail } from './tail.ts';

export interface RecoveredPartition {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly producers: ReadonlyMap<string, ProducerState>;
}

export class PartitionLog {
  readonly id: PartitionId;
  /** For messages: stream "samples", partition 0. */
  readonly title: string;
  readonly incarnation: string;
  readonly tail = new Tail();
  /** How many chunks about make an answer, as the last read from the store found. */
  chunksPerRead = 8;
  readonly #producers: Map<string, ProducerState>;
  #startOffset: number;
  #endOffset: number;
  #nextOffset: number;
  #waiting = new Set<() => void>();

  constructor(id: PartitionId, title: string, incarnation: string, recovered: RecoveredPartition) {
    this.id = id;
    this.title = title;
    this.incarnation = incarnation;
    this.#startOffset = recovered.startOffset;
    this.#endOffset = recovered.endOffset;
    this.#nextOffset = recovered.endOffset;
    this.#producers = new Map(recovered.producers);
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  /** Durable end. */
  get endOffset(): number {
    return this.#endOffset;
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Decides on an append and takes note of it. */
  admit(producer: Producer, firstSequence: number, count: number): Admission {
    const where = this.#where(producer.id);
    const admission = admit(
      this.#stateOf(producer.id),
      { epoch: producer.epoch, firstSequence, count },
      where,
    );
    this.#producers.set(producer.id, admission.next);
    return admission;
  }

  /** Raises the epoch; returns the state from now on. */
  fence(producer: Producer): ProducerState {
    const state = this.#stateOf(producer.id);
    checkEpoch(state, producer.epoch, this.#where(producer.id));
    const next = { ...state, epoch: producer.epoch };
    this.#producers.set(producer.id, next);
    return next;
  }

  /** Gives out offsets; the first of them. */
  take(count: number): number {
    const first = this.#nextOffset;
    this.#nextOffset += count;
    return first;
  }

  /** Chunks that have become durable, in order. */
  extend(chunks: readonly Chunk[], tailBytesMax: number): void {
    for (const chunk of chunks) {
      if (chunk.firstOffset !== this.#endOffset) {
        throw new Error(`${this.title}: ${chunk.firstOffset} became durable before ${this.#endOffset}`);
      }
      this.tail.add(chunk, tailBytesMax);
      this.#endOffset = chunk.endOffset;
    }
    if (chunks.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  trim(offset: number): void {
    this.#startOffset = offset;
  }

  /** Throws unless the offset can be read from, now or once records come. */
  checkReadable(offset: number, incarnation: string): void {
    if (incarnation !== '' && incarnation !== this.incarnation) {
      throw new WeirError(
        'SOURCE_LOST',
        `${this.title} has incarnation ${this.incarnation}, the reader's offset ${offset} is of ${incarnation}: the records it meant are lost`,
      );
    }
    if (offset > this.#endOffset) {
      throw new WeirError(
        incarnation === '' ? 'OFFSET_OUT_OF_RANGE' : 'SOURCE_LOST',
        `${this.title} ends at ${this.#endOffset}, before offset ${offset}`,
      );
    }
    if (offset < this.#startOffset) {
      throw new WeirError(
        'OFFSET_OUT_OF_RANGE',
        `${this.title} is trimmed up to ${this.#startOffset}, above offset ${offset}`,
      );
    }
  }

  /** Resolves when a durable record stands at the offset, or the signal is aborted. */
  grown(offset: number, signal: AbortSignal): Promise<void> {
    if (this.#endOffset > offset || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #stateOf(producer: string): ProducerState {
    const state = this.#producers.get(producer);
    if (state !== undefined) return state;
    if (this.#producers.size >= PRODUCERS_MAX) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `${this.title} knows ${PRODUCERS_MAX} producers and takes no more: "${producer}" would be one`,
      );
    }
    return NEW_PRODUCER;
  }

  #where(producer: string): string {
    return `producer "${producer}" in ${this.title}`;
  }
}
