// The replay: every request of a data set through the predictor, every event through the collector, in order of time,
// until everything that follows from them is trained. Owns no process; talks to running services.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { RankResponse } from '@weir/proto/v1/predictor';
import { END_OF_INPUT_MS, type StreamsClient } from '@weir/streams/client';
import type { ReplayRecord, RequestRecord } from '../formats/record.ts';
import { DUE_REQUESTS_MAX, DUE_SAMPLES_MAX, DUE_WINDOWS_MIN, STALL_TIMEOUT_MS } from '../limits.ts';
import { DueSamples } from './due-samples.ts';
import { EventSender } from './event-sender.ts';
import { announceProgress, exchangeEventTime } from './event-time.ts';
import { OpenRecords } from './open-records.ts';
import { type Pace, Pacer } from './pace.ts';
import { createRanker, type Ranker } from './ranker.ts';
import { type SampleTail, tailSamples } from './sample-tail.ts';
import { StallWatch } from './stall-watch.ts';

export interface ReplayOptions {
  /** In order of time. */
  readonly records: AsyncIterable<ReplayRecord>;
  /** `host:port` of the predictor; it must log before it answers. */
  readonly predictor: string;
  /** `host:port` of the collector. */
  readonly collector: string;
  readonly streams: StreamsClient;
  /** Of every stream. */
  readonly partitions: number;
  /** Under which the trainers commit where they stand. */
  readonly trainerGroup: string;
  readonly pace: Pace;
  /** From a request to the time at which its samples first become known. */
  readonly firstWindowMs: number;
  /** Requests of a window, over all trainers: each fills one of its own. */
  readonly windowRequests: number;
  /** Hears of a request that the predictor refused; may throw to end the replay (`--strict`). */
  readonly onRefused: (request: RequestRecord, error: WeirError) => void;
  /** Hears of every answer. */
  readonly onAnswered?: ((request: RequestRecord, answer: RankResponse) => void) | undefined;
  readonly signal: AbortSignal;
}

/** Counts so far. `samples` and `positives` are those found in the samples stream. */
export interface ReplayProgress {
  readonly requests: number;
  readonly impressions: number;
  readonly events: number;
  /** Requests that the predictor refused. */
  readonly refused: number;
  /** Event time of the newest record read; undefined before the first. */
  readonly timeMs: number | undefined;
  /** Whether the input is read to its end and acknowledged. */
  readonly drained: boolean;
  readonly samples: number;
  readonly positives: ReadonlyMap<string, number>;
  /** From the first record read until now, or until the last push was acknowledged. */
  readonly durationMs: number;
}

export interface Replay {
  progress(): ReplayProgress;
  /** Resolves when every sample is trained and counted. Rejects on the first error that repeating does not mend. */
  readonly done: Promise<ReplayProgress>;
}

export function startReplay(options: ReplayOptions): Replay {
  const run = new Run(options);
  return { progress: () => run.progress(), done: run.run() };
}

class Run {
  readonly #options: ReplayOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #open = new OpenRecords();
  readonly #due: DueSamples;
  readonly #ranker: Ranker;
  readonly #events: EventSender;
  readonly #tail: SampleTail;
  #counts = { requests: 0, impressions: 0, events: 0, refused: 0 };
  #timeMs: number | undefined;
  #drained = false;
  #startMs: number | undefined;
  #endMs: number | undefined;
  /** Whether the reader waits until more is trained. */
  #waiting = false;
  #wake: (() => void) | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    this.#due = new DueSamples(options.firstWindowMs);
    this.#ranker = createRanker(options.predictor, this.#signal);
    this.#events = new EventSender(options.collector, this.#signal, (error) => this.#fail(error));
    this.#tail = tailSamples(options.streams, options.partitions, this.#signal);
    this.#signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  progress(): ReplayProgress {
    return {
      ...this.#counts,
      timeMs: this.#timeMs,
      drained: this.#drained,
      samples: this.#tail.counts.samples,
      positives: this.#tail.counts.positives,
      durationMs: this.#startMs === undefined ? 0 : (this.#endMs ?? performance.now()) - this.#startMs,
    };
  }

  async run(): Promise<ReplayProgress> {
    try {
      // Ends with the abort below.
      this.#watchPipeline().catch((error: unknown) => this.#fail(error));
      await Promise.all([this.#send(), this.#exchangeTime(), this.#tail.ended]);
      return this.progress();
    } catch (error) {
      this.#fail(error);
      throw this.#signal.reason;
    } finally {
      this.#stop.abort();
      this.#events.close();
      this.#ranker.close();
    }
  }

  /** The first error ends everything; the later ones follow from it. */
  #fail(error: unknown): void {
    this.#stop.abort(error);
  }

  async #send(): Promise<void> {
    const pacer = new Pacer(this.#options.pace);
    const { streams, partitions } = this.#options;
    for await (const record of this.#options.records) {
      if (this.#startMs === undefined) {
        this.#startMs = performance.now();
        // Until a partition has a progress record, the times in it would move the watermark by themselves.
        await announceProgress(streams, partitions, record.timeMs, this.#signal);
      }
      this.#timeMs = record.timeMs;
      this.#open.read(record.timeMs);
      const waitMs = pacer.waitMs(performance.now(), record.timeMs, record.kind === 'request');
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#signal });
      await this.#untilTrainedEnough();
      if (record.kind === 'request') {
        await this.#ranker.ready(record.servingId);
        this.#signal.throwIfAborted();
        void this.#rank(record);
      } else {
        await this.#events.ready();
        this.#signal.throwIfAborted();
        this.#counts.events++;
        this.#events.send(record, this.#open.send(record.timeMs));
      }
    }
    // No later record: what is read counts as acknowledged once nothing is open.
    this.#open.read(END_OF_INPUT_MS);
  }

  async #rank(request: RequestRecord): Promise<void> {
    const open = this.#open.send(request.timeMs);
    this.#counts.requests++;
    this.#counts.impressions += request.docIds.length;
    this.#due.asked(request.timeMs, request.docIds.length);
    try {
      const answer = await this.#ranker.rank(request);
      open.done = true;
      if (answer instanceof WeirError) {
        this.#counts.refused++;
        this.#options.onRefused(request, answer);
      } else {
        this.#options.onAnswered?.(request, answer);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #untilTrainedEnough(): Promise<void> {
    const windows = DUE_WINDOWS_MIN * this.#options.windowRequests;
    const tooMany = (): boolean =>
      (this.#due.samples > DUE_SAMPLES_MAX || this.#due.requests > DUE_REQUESTS_MAX) &&
      this.#due.requests > windows;
    while (tooMany()) {
      this.#signal.throwIfAborted();
      this.#waiting = true;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#waiting = false;
  }

  async #exchangeTime(): Promise<void> {
    const { streams, partitions, trainerGroup } = this.#options;
    await exchangeEventTime(
      streams,
      partitions,
      trainerGroup,
      {
        acknowledgedMs: () => this.#open.acknowledgedMs,
        announced: (timeMs) => {
          this.#due.progressed(timeMs);
          if (timeMs >= END_OF_INPUT_MS) this.#drained = true;
        },
        trained: (timeMs) => {
          this.#due.trained(timeMs);
          this.#wake?.();
        },
      },
      this.#signal,
    );
    this.#endMs = performance.now();
  }

  /** Once the reader waits or the input has ended, samples must move: a pipeline that stands still is an error. */
  async #watchPipeline(): Promise<void> {
    const watch = new StallWatch();
    while (this.#endMs === undefined) {
      await sleep(1_000, undefined, { signal: this.#signal });
      const state = `${this.#tail.records} ${this.#due.samples}`;
      const stillMs = watch.stillMs(state, this.#drained || this.#waiting, performance.now());
      if (stillMs < STALL_TIMEOUT_MS) continue;
      throw new WeirError(
        'DEADLINE_EXCEEDED',
        `no sample was emitted or trained for ${STALL_TIMEOUT_MS} ms (${this.#due.samples} are due); see the logs of stitcher and trainer`,
      );
    }
  }
}
