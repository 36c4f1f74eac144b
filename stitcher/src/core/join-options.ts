// What a join is told, and what it takes in.
import type { LabelPlan } from './label-plan.ts';

export type Policy = 'wait' | 'fast';

export interface JoinOptions {
  readonly plan: LabelPlan;
  readonly policy: Policy;
  readonly partition: number;
  /**
   * How far behind the newest record of a stream others may come, where it has no progress records. Undefined: only
   * progress records move the time, and no stamp is too far in the future.
   */
  readonly liveBoundMs: number | undefined;
}

/** A data record as read; `record` is undefined where the bytes cannot be decoded. */
export interface Input<R> {
  readonly offset: number;
  readonly value: Uint8Array;
  readonly record: R | undefined;
  /** The `traceparent` of what appended it, if that is sampled. */
  readonly trace?: string | undefined;
}
