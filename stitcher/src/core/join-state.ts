// What a partition's join remembers apart from its requests and waiting events.
import { type Counters, emptyCounters, type InputStream } from './counters.ts';
import type { LabelPlan } from './label-plan.ts';
import type { StreamClockState } from './stream-clock.ts';

export interface JoinState {
  readonly clocks: Readonly<Record<InputStream, StreamClockState>>;
  /** Everything due below it has been emitted. */
  readonly firedMs: number;
  /** No later emission has a known time below it. */
  readonly emissionMs: number;
  /** Time of the last progress record in the samples. */
  readonly progressMs: number;
  readonly counters: Counters;
}

export function emptyJoinState(plan: LabelPlan): JoinState {
  const clock: StreamClockState = { watermarkMs: 0, hasProgress: false };
  return {
    clocks: { features: clock, behaviour: clock },
    firedMs: 0,
    emissionMs: 0,
    progressMs: 0,
    counters: emptyCounters(plan.labels.map(({ label }) => label)),
  };
}
