// Runs one partition: reads ahead, steps, and appends, each while the others go on. Back-pressure goes from the
// streams to the outbox, from there to the join, and from the join to the reading.
import { setTimeout as sleep } from 'node:timers/promises';
import { freshnessOf, meter } from '@weir/runtime';
import type { Producer, StreamsClient } from '@weir/streams/client';
import type { InputStream } from '../core/counters.ts';
import { InputReader } from './input-reader.ts';
import { DRAIN_TIMEOUT_MS, STEP_BYTES, STEP_SPACING_MS, WAITING_SHARE_AHEAD } from './limits.ts';
import { OutboxSender } from './outbox-sender.ts';
import type { Commit, InputBatches, MemoryShare, PartitionStitcher } from './partition-stitcher.ts';

export interface PartitionRunnerOptions {
  readonly stitcher: PartitionStitcher;
  readonly client: StreamsClient;
  readonly producer: Producer;
  readonly memory: MemoryShare;
  /** Wall clock. */
  readonly now: () => number;
  /** When a step, stored, may be appended: at once, or after a sync. */
  readonly durable: (written: Promise<void>) => Promise<void>;
  /** Aborted when the partition ends, by `stop` or an error. */
  readonly ending: AbortController;
}

export class PartitionRunner {
  readonly stitcher: PartitionStitcher;
  readonly readers: Readonly<Record<InputStream, InputReader>>;
  readonly #options: PartitionRunnerOptions;
  readonly #stop: AbortController;
  readonly #sender: OutboxSender;
  #done: Pick<Commit, 'inputs' | 'firedMs'>;
  #hasRaised = false;
  #isStopping = false;
  #wake: (() => void) | undefined;
  #stepping: Promise<void> = Promise.resolve();
  readonly #stitched = freshnessOf('stitched');
  readonly #stepDuration = meter('weir.stitcher').createHistogram('stitcher.step.duration', {
    unit: 's',
    description: 'From taking in what was read to the durable state with its samples',
  });

  constructor(options: PartitionRunnerOptions) {
    const { stitcher, client, now } = options;
    const { partition } = stitcher.join.options;
    this.#options = options;
    this.#stop = options.ending;
    this.stitcher = stitcher;
    const inputs = { features: stitcher.input('features'), behaviour: stitcher.input('behaviour') };
    this.#done = { inputs, firedMs: stitcher.join.firedMs };
    const onRecords = () => this.#wake?.();
    const reader = (stream: InputStream) =>
      new InputReader({ client, stream, partition, from: stitcher.input(stream), now, onRecords });
    this.readers = { features: reader('features'), behaviour: reader('behaviour') };
    this.#sender = new OutboxSender({
      client,
      partition,
      producer: options.producer,
      signal: this.#stop.signal,
      onAppended: (entry) => stitcher.appended(entry),
      onError: (error) => this.#stop.abort(error),
    });
  }

  /** Up to where inputs are done, durably: as the partition was opened, then as its last durable step left it. */
  get done(): Pick<Commit, 'inputs' | 'firedMs'> {
    return this.#done;
  }

  /** The idle rule: nothing below this time is expected of the stream. */
  raise(stream: InputStream, timeMs: number): void {
    const clock = this.stitcher.join.clock(stream);
    if (clock.watermarkMs >= timeMs) return;
    clock.raise(timeMs);
    this.#hasRaised = true;
    this.#wake?.();
  }

  /** Until `stop`. Rejects with the first error; nothing goes on then. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    this.#sender.send(this.stitcher.unsent, Promise.resolve());
    const fail = (error: unknown): void => this.#stop.abort(error);
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    this.#stepping = this.#steps();
    await Promise.all([
      this.readers.features.run(signal).catch(fail),
      this.readers.behaviour.run(signal).catch(fail),
      this.#stepping.catch(fail),
    ]);
    if (signal.reason !== STOPPED) throw signal.reason;
  }

  /** Ends the steps with the one that runs, and gives the outbox a moment; then the reading and sending end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake?.();
    const stepped = this.#stepping.catch(() => {});
    // The last step, too, may wait for streams that are away: for room in the outbox.
    const drained = stepped.then(() => this.#sender.below(0));
    await Promise.race([drained, sleep(DRAIN_TIMEOUT_MS, undefined, { ref: false })]);
    this.#stop.abort(STOPPED);
    await stepped;
    await this.stitcher.settled();
  }

  async #steps(): Promise<void> {
    const { signal } = this.#stop;
    let lastMs = Number.NEGATIVE_INFINITY;
    for (;;) {
      while (!this.#hasWork() && !this.#isStopping && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const waiting = this.readers.features.bytes + this.readers.behaviour.bytes;
      const restMs = lastMs + STEP_SPACING_MS - performance.now();
      if (restMs > 0 && waiting < STEP_BYTES) await sleep(restMs);
      if (this.#isStopping || signal.aborted) return;
      lastMs = performance.now();
      await this.#step();
    }
  }

  async #step(): Promise<void> {
    this.#hasRaised = false;
    const beginMs = performance.now();
    const batches: InputBatches = {
      features: this.readers.features.take(),
      ...(this.#takesBehaviour() && { behaviour: this.readers.behaviour.take() }),
    };
    for await (const commit of this.stitcher.process(batches, this.#options.now())) {
      const durable = this.#options.durable(commit.written);
      durable.then(
        () => {
          this.#done = commit;
          this.#stepDuration.record((performance.now() - beginMs) / 1000);
          const nowMs = this.#options.now();
          for (const behaviourMs of commit.behaviourMs) this.#stitched(behaviourMs, nowMs);
        },
        () => {},
      );
      this.#sender.send(commit.entries, durable);
      await this.#sender.below();
      this.#stop.signal.throwIfAborted();
      // What else is due, the next process finds due.
      if (this.#isStopping) return;
    }
  }

  #hasWork(): boolean {
    const { features, behaviour } = this.readers;
    const { firedMs, watermarkMs } = this.stitcher.join;
    // Also after a death in the middle of what was due: its inputs are read, and more may never come.
    const isDue = firedMs < watermarkMs;
    return isDue || this.#hasRaised || features.bytes > 0 || (behaviour.bytes > 0 && this.#takesBehaviour());
  }

  /** Events that run ahead of their features would fill the memory. */
  #takesBehaviour(): boolean {
    const { bytes } = this.stitcher.join.waiting;
    const { waitingBytes } = this.#options.memory;
    const isFar = bytes > waitingBytes * WAITING_SHARE_AHEAD;
    return !isFar || (bytes <= waitingBytes && this.readers.features.isCaughtUp);
  }
}

const STOPPED = new Error('stopped');
