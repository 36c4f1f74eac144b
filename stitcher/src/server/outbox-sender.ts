// Appends what the outbox holds, in order of sequence, one append at a time per stream.
import type { Producer, StreamsClient } from '@weir/streams/client';
import type { OutputStream } from '../core/join-step.ts';
import { appendUntilTaken } from './append-until-taken.ts';
import { OUTBOX_BYTES_MAX, OUTBOX_ENTRY_BYTES } from './limits.ts';
import type { OutboxEntry } from './outbox.ts';

export interface OutboxSenderOptions {
  readonly client: StreamsClient;
  readonly partition: number;
  readonly producer: Producer;
  /** Ends the sending; what is not appended stays in the outbox. */
  readonly signal: AbortSignal;
  readonly onAppended: (entry: OutboxEntry) => void;
  /** Nothing is appended after an error. */
  readonly onError: (error: unknown) => void;
}

export class OutboxSender {
  readonly #options: OutboxSenderOptions;
  readonly #lanes = new Map<OutputStream, OutboxEntry[]>();
  #bytes = 0;
  #waiters: (() => void)[] = [];

  constructor(options: OutboxSenderOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** @param durable resolves when the entries may be appended; resolves in the order of the calls */
  send(entries: readonly OutboxEntry[], durable: Promise<void>): void {
    for (const { bytes } of entries) this.#bytes += bytes;
    durable.then(() => {
      for (const entry of entries) this.#queue(entry);
    }, this.#options.onError);
  }

  /** Resolves when at most this much waits, or the sending has ended. */
  async below(bytesMax = OUTBOX_BYTES_MAX): Promise<void> {
    while (this.#bytes > bytesMax && !this.#options.signal.aborted) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #queue(entry: OutboxEntry): void {
    const lane = this.#lanes.get(entry.stream);
    if (lane !== undefined) {
      lane.push(entry);
      return;
    }
    const entries = [entry];
    this.#lanes.set(entry.stream, entries);
    this.#drain(entry.stream, entries).catch(this.#options.onError);
  }

  async #drain(stream: OutputStream, lane: OutboxEntry[]): Promise<void> {
    while (lane.length > 0 && !this.#options.signal.aborted) {
      const entries = [lane.shift()!];
      let bytes = entries[0]!.bytes;
      while (lane.length > 0 && bytes + lane[0]!.bytes <= OUTBOX_ENTRY_BYTES) {
        bytes += lane[0]!.bytes;
        entries.push(lane.shift()!);
      }
      if (!(await this.#append(stream, entries))) return;
      for (const entry of entries) this.#options.onAppended(entry);
      this.#bytes -= bytes;
      this.#wake();
    }
    // In the same step as the look at what is left: an entry in between would go to a lane that nobody drains.
    this.#lanes.delete(stream);
  }

  /** False when the sending ended before. */
  async #append(stream: OutputStream, entries: readonly OutboxEntry[]): Promise<boolean> {
    const { client, partition, signal } = this.#options;
    const producer = { ...this.#options.producer, firstSequence: entries[0]!.firstSequence };
    const records = entries.flatMap((entry) => entry.records);
    const appended = await appendUntilTaken(client, { stream, partition, producer, records }, signal);
    return appended !== undefined;
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
