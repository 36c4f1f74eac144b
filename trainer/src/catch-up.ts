// What has to be trained again before ordinary windows go on: one segment after the other, each in windows of its one
// partition, in the order of offsets, the last of them ending where the segment does.
import { WeirError } from '@weir/proto';
import type { StreamsClient } from '@weir/streams/client';
import type { Segment } from './core/restart-plan.ts';
import type { CloseReason, WindowBuilder } from './core/window.ts';
import type { SampleReader } from './sample-reader.ts';
import { SAMPLES_STREAM } from './samples-stream.ts';
import type { ReadyWindow, WindowSource } from './window-source.ts';

export interface CatchUpOptions {
  readonly streams: StreamsClient;
  readonly segments: readonly Segment[];
  /** By partition, of its log. */
  readonly incarnations: ReadonlyMap<number, string>;
  readonly builder: WindowBuilder;
  readonly reader: SampleReader;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

export class CatchUp implements WindowSource {
  /** It never waits for records: those of a segment are all there. */
  readonly empty = false;
  readonly #options: CatchUpOptions;
  readonly #windows: AsyncGenerator<ReadyWindow>;
  #ended = false;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    this.#windows = this.#all();
  }

  get ended(): boolean {
    return this.#ended || this.#options.signal.aborted;
  }

  async take(): Promise<ReadyWindow | undefined> {
    if (this.ended) return undefined;
    const { value, done } = await this.#windows.next();
    if (done === true) this.#ended = true;
    return value;
  }

  wake(): void {}

  async *#all(): AsyncGenerator<ReadyWindow, undefined> {
    for (const segment of this.#options.segments) yield* this.#windowsOf(segment);
  }

  async *#windowsOf({ partition, from, to }: Segment): AsyncGenerator<ReadyWindow> {
    const { streams, incarnations, builder, reader, signal } = this.#options;
    let begin = from;
    const close = (reason: CloseReason, end: number): ReadyWindow => {
      const ranges = [{ partition, from: begin, to: end }];
      begin = end;
      return { window: builder.close(reason, []), ranges, again: true, acknowledged: () => {} };
    };
    const incarnation = incarnations.get(partition)!;
    for await (const { records } of streams.read(SAMPLES_STREAM, partition, {
      offset: from,
      incarnation,
      signal,
    })) {
      for (const record of records) {
        if (record.offset === to) break;
        const request = record.progressTimeMs === undefined ? reader.read(record, partition) : undefined;
        const prepared = request === undefined ? undefined : reader.prepare(request);
        const full = prepared === undefined ? undefined : builder.add(prepared);
        if (full !== undefined) yield close(full, record.offset + 1);
        if (record.offset + 1 === to && begin < to) yield close('cut', to);
      }
      if (begin === to) return;
    }
    if (signal.aborted) return;
    const text = `samples, partition ${partition}: it ends before offset ${to}, which a shard has applied`;
    throw new WeirError('SOURCE_LOST', text);
  }
}
