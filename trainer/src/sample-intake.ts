// From the partitions of the samples stream to windows in order, made ready ahead of the learner: while it waits for
// the network, the next windows are read, decoded and hashed. Reading stops when enough is ready.

import { WeirError } from '@weir/proto';
import type { StreamRecord, StreamsClient } from '@weir/streams/client';
import { END_OF_INPUT_MS } from '@weir/streams/client';
import { PartitionMerge, type PartitionPosition } from './core/partition-merge.ts';
import type { PreparedRequest } from './core/prepare-request.ts';
import { type Refusal, RefusedRecord, type SampleRequest } from './core/sample-request.ts';
import type { CloseReason, Window, WindowBuilder } from './core/window.ts';
import { EventGate } from './event-gate.ts';
import { MERGE_BYTES_MAX, MERGE_REQUESTS_MAX, WINDOWS_READY_MAX } from './limits.ts';
import { type OffsetCommitter, SAMPLES_STREAM } from './offset-committer.ts';

export interface ReadyWindow {
  readonly window: Window;
  /** Of the committer. */
  readonly ticket: number;
}

export interface IntakeOptions {
  readonly streams: StreamsClient;
  /** Per partition, in order. */
  readonly start: readonly PartitionPosition[];
  readonly builder: WindowBuilder;
  /** Undefined: a window waits until it is full, so that its bounds do not depend on the clock. */
  readonly windowTimeoutMs: number | undefined;
  readonly committer: OffsetCommitter;
  readonly read: (record: StreamRecord, partition: number) => SampleRequest;
  readonly prepare: (request: SampleRequest) => PreparedRequest;
  readonly onRefused: (refusal: Refusal, place: string, message: string) => void;
  readonly signal: AbortSignal;
}

export class SampleIntake {
  readonly #options: IntakeOptions;
  readonly #merge: PartitionMerge<SampleRequest>;
  readonly #ready: ReadyWindow[] = [];
  readonly #arrived = new EventGate();
  readonly #room = new EventGate();
  #timer: NodeJS.Timeout | undefined;
  #settledTimeMs = Number.NEGATIVE_INFINITY;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#merge = new PartitionMerge(options.start, {
      requestsMax: MERGE_REQUESTS_MAX,
      bytesMax: MERGE_BYTES_MAX,
    });
    options.signal.addEventListener('abort', () => {
      clearTimeout(this.#timer);
      this.#arrived.notify();
      this.#room.notify();
    });
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#merge.size;
  }

  /** Reads until the signal is aborted. */
  async run(): Promise<void> {
    await Promise.all(this.#options.start.map((position) => this.#readPartition(position)));
  }

  /** The next window; undefined once the signal is aborted. */
  async take(): Promise<ReadyWindow | undefined> {
    for (;;) {
      if (this.#options.signal.aborted) return undefined;
      const next = this.#ready.shift();
      if (next !== undefined) {
        // The learner goes to the network first; the next window is made ready meanwhile.
        setImmediate(() => this.#pump());
        return next;
      }
      await this.#arrived.wait();
    }
  }

  async #readPartition({ partition, offset }: PartitionPosition): Promise<void> {
    const { streams, signal } = this.#options;
    for await (const { records } of streams.read(SAMPLES_STREAM, partition, {
      offset,
      follow: true,
      signal,
    })) {
      for (const record of records) {
        this.#accept(record, partition);
        while (this.#merge.isFull(partition) && !signal.aborted) {
          this.#pump();
          if (this.#merge.isFull(partition)) await this.#room.wait();
        }
      }
      this.#pump();
    }
  }

  #accept(record: StreamRecord, partition: number): void {
    if (record.progressTimeMs !== undefined) {
      this.#merge.pass(partition, record.offset, record.progressTimeMs);
      return;
    }
    try {
      this.#merge.add(partition, this.#options.read(record, partition));
    } catch (error) {
      if (!(error instanceof RefusedRecord)) throw error;
      this.#merge.pass(partition, record.offset);
      this.#options.onRefused(error.refusal, `record ${partition}/${record.offset}`, error.message);
    }
  }

  /** Releases requests in order into windows, as far as there is room for windows. */
  #pump(): void {
    const { builder, windowTimeoutMs, signal } = this.#options;
    if (signal.aborted) return;
    let released = false;
    while (this.#ready.length < WINDOWS_READY_MAX) {
      const request = this.#merge.next();
      if (request === undefined) {
        this.#drained();
        break;
      }
      released = true;
      const full = this.#add(request);
      if (full !== undefined) this.#close(full);
      else if (builder.size === 1 && windowTimeoutMs !== undefined) {
        this.#timer ??= setTimeout(() => {
          if (builder.size > 0) this.#close('timeout');
        }, windowTimeoutMs);
      }
    }
    // Only then: two readers that wake each other without it would never let anything else happen.
    if (released) this.#room.notify();
  }

  #add(request: SampleRequest): 'count' | 'bytes' | undefined {
    try {
      return this.#options.builder.add(this.#options.prepare(request));
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (error.code !== 'INVALID_ARGUMENT') throw error;
      const place = `record ${request.partition}/${request.offset}`;
      this.#options.onRefused('malformed', place, error.message);
      return undefined;
    }
  }

  #close(reason: CloseReason): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { builder, committer } = this.#options;
    const window = builder.close(reason, this.#merge.positions());
    this.#ready.push({ window, ticket: committer.issue() });
    this.#arrived.notify();
  }

  /** Everything that may be released is in a window. */
  #drained(): void {
    const { builder, committer } = this.#options;
    const { frontierMs } = this.#merge;
    if (builder.size > 0) {
      if (frontierMs >= END_OF_INPUT_MS) this.#close('end_of_input');
    } else if (frontierMs > this.#settledTimeMs) {
      // Time has passed without samples: it counts as trained once the windows before it are.
      this.#settledTimeMs = frontierMs;
      committer.settle(committer.issue(), this.#merge.positions());
    }
  }
}
