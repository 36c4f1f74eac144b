// From a trainer's partitions of the samples stream to windows in order, made ready ahead of the learner: while it waits
// for the network, the next windows are read, decoded and hashed. Reading stops when enough is ready.
import { END_OF_INPUT_MS, type StreamRecord, type StreamsClient } from '@weir/streams/client';
import { PartitionMerge, type PartitionPosition } from './core/partition-merge.ts';
import type { SampleRequest } from './core/sample-request.ts';
import { SourceCursor } from './core/source-cursor.ts';
import type { CloseReason, WindowBuilder } from './core/window.ts';
import { EventGate } from './event-gate.ts';
import { ADVANCE_DELAY_MS, MERGE_BYTES_MAX, MERGE_REQUESTS_MAX, WINDOWS_READY_MAX } from './limits.ts';
import type { OffsetCommitter } from './offset-committer.ts';
import type { SampleReader } from './sample-reader.ts';
import { SAMPLES_STREAM } from './samples-stream.ts';
import type { ReadyWindow, WindowSource } from './window-source.ts';

export interface StartPosition extends PartitionPosition {
  /** Of the partition's log: records of another one are not those that the offset counts. */
  readonly incarnation: string;
}

export interface IntakeOptions {
  readonly streams: StreamsClient;
  /** Of the partitions to train. */
  readonly start: readonly StartPosition[];
  readonly builder: WindowBuilder;
  /** Undefined: a window waits until it is full, so that its bounds do not depend on the clock. */
  readonly windowTimeoutMs: number | undefined;
  readonly committer: OffsetCommitter;
  readonly reader: SampleReader;
  readonly signal: AbortSignal;
}

export class SampleIntake implements WindowSource {
  readonly #options: IntakeOptions;
  readonly #merge: PartitionMerge<SampleRequest>;
  readonly #cursor: SourceCursor;
  readonly #ready: ReadyWindow[] = [];
  readonly #arrived = new EventGate();
  readonly #room = new EventGate();
  #timer: NodeJS.Timeout | undefined;
  #advanceTimer: NodeJS.Timeout | undefined;
  #settledTimeMs = Number.NEGATIVE_INFINITY;

  constructor(options: IntakeOptions) {
    const { start, signal } = options;
    this.#options = options;
    this.#merge = new PartitionMerge(start, { requestsMax: MERGE_REQUESTS_MAX, bytesMax: MERGE_BYTES_MAX });
    this.#cursor = new SourceCursor(start.map(({ partition, offset }) => [partition, offset]));
    signal.addEventListener('abort', () => {
      clearTimeout(this.#timer);
      clearTimeout(this.#advanceTimer);
      this.#arrived.notify();
      this.#room.notify();
    });
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#merge.size;
  }

  get ended(): boolean {
    return this.#options.signal.aborted;
  }

  get empty(): boolean {
    return this.#ready.length === 0;
  }

  /** Reads until the signal is aborted. */
  async run(): Promise<void> {
    await Promise.all(this.#options.start.map((position) => this.#readPartition(position)));
  }

  async take(): Promise<ReadyWindow | undefined> {
    if (this.#ready.length === 0 && !this.ended) await this.#arrived.wait();
    if (this.ended) return undefined;
    const next = this.#ready.shift();
    // The learner goes to the network first; the next window is made ready meanwhile.
    if (next !== undefined) setImmediate(() => this.#pump());
    return next;
  }

  wake(): void {
    this.#arrived.notify();
  }

  async #readPartition({ partition, offset, incarnation }: StartPosition): Promise<void> {
    const { streams, signal } = this.#options;
    const options = { offset, incarnation, follow: true, signal };
    for await (const { records } of streams.read(SAMPLES_STREAM, partition, options)) {
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
    const { offset, progressTimeMs } = record;
    const request = progressTimeMs === undefined ? this.#options.reader.read(record, partition) : undefined;
    if (request === undefined) this.#merge.pass(partition, offset, progressTimeMs);
    else this.#merge.add(partition, request);
  }

  /** Releases requests in order into windows, as far as there is room for windows. */
  #pump(): void {
    const { builder, windowTimeoutMs, reader, signal } = this.#options;
    if (signal.aborted) return;
    let released = false;
    while (this.#ready.length < WINDOWS_READY_MAX) {
      const request = this.#merge.next();
      if (request === undefined) {
        this.#drained();
        break;
      }
      released = true;
      const prepared = reader.prepare(request);
      const full = prepared === undefined ? undefined : builder.add(prepared);
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

  #close(reason: CloseReason): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#advanceTimer);
    this.#timer = undefined;
    this.#advanceTimer = undefined;
    const { builder, committer } = this.#options;
    const positions = this.#merge.positions();
    const window = builder.close(reason, positions);
    const ticket = committer.issue();
    const acknowledged = () => committer.settle(ticket, positions);
    this.#ready.push({ window, ranges: this.#cursor.advance(positions), again: false, acknowledged });
    this.#arrived.notify();
  }

  /** Everything that may be released is in a window. */
  #drained(): void {
    const { builder, committer } = this.#options;
    const positions = this.#merge.positions();
    const frontierMs = Math.min(...positions.map(({ timeMs }) => timeMs));
    const moved = this.#cursor.hasMoved(positions);
    if (frontierMs >= END_OF_INPUT_MS && moved) {
      // Nothing may follow that would take the rest along.
      this.#close('end_of_input');
      return;
    }
    if (builder.size > 0) return;
    if (frontierMs > this.#settledTimeMs) {
      // Time has passed without samples: it counts as trained once the windows before it are.
      this.#settledTimeMs = frontierMs;
      committer.settle(committer.issue(), this.#cursor.clamp(positions));
    }
    if (moved) {
      // The next window takes records without samples along, if it comes soon.
      this.#advanceTimer ??= setTimeout(() => {
        this.#advanceTimer = undefined;
        if (builder.size === 0) this.#close('advance');
      }, ADVANCE_DELAY_MS);
    }
  }
}
