// The times of a partition's two inputs: what an event's time is taken for, and how far both have come.
import type { Counters, InputStream } from './counters.ts';
import { FUTURE_MS_MAX } from './limits.ts';
import { StreamClock, type StreamClockState } from './stream-clock.ts';

export class InputClocks {
  readonly features: StreamClock;
  readonly behaviour: StreamClock;
  readonly #counters: Counters;

  /** @param liveBoundMs see `JoinOptions` */
  constructor(
    liveBoundMs: number | undefined,
    state: Readonly<Record<InputStream, StreamClockState>>,
    counters: Counters,
  ) {
    this.features = new StreamClock(liveBoundMs, state.features);
    this.behaviour = new StreamClock(liveBoundMs, state.behaviour);
    this.#counters = counters;
  }

  /** Nothing below it follows in either stream. */
  get watermarkMs(): number {
    return Math.min(this.features.watermarkMs, this.behaviour.watermarkMs);
  }

  /** A record was read: its event time, after the watermark has heard of it. A far-future stamp is clamped. */
  observe(stream: InputStream, recordTimeMs: number, nowMs: number): number {
    const clock = this[stream];
    const isFarFuture = clock.isLive && recordTimeMs > nowMs + FUTURE_MS_MAX;
    if (isFarFuture) this.#counters.clamped++;
    const timeMs = isFarFuture ? nowMs : recordTimeMs;
    clock.observe(timeMs);
    return timeMs;
  }

  state(): Record<InputStream, StreamClockState> {
    return { features: this.features.state(), behaviour: this.behaviour.state() };
  }
}
