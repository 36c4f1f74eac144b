// What goes into a group's state machine and what comes out of it. Whoever drives it gives each call a number, does the
// effects in their order, and tells it when a reduction is done and what is durable.
import type { WeirError } from '@weir/proto';
import type { ClockReport } from './group-clocks.ts';
import type { Contribution, ReducedPart } from './group-reduce.ts';
import type { GroupState, Identity, ResultHead } from './group-state.ts';

export interface Membership {
  readonly generation: number;
  /** In the order of reduction. */
  readonly members: readonly string[];
  readonly nextStep: number;
}

/** What members go by between two barriers; not durable. */
export interface GroupSigns {
  /** The smallest clock of those that work; undefined when nobody does, or when not all clocks are known. */
  readonly slowest: number | undefined;
  /** The step at which a member waits for the others; 0: none. */
  readonly calledStep: number;
}

export type GroupEvent =
  | { readonly kind: 'join'; readonly call: number; readonly member: Identity; readonly leaseMs: number }
  | RenewEvent
  | { readonly kind: 'leave'; readonly call: number; readonly member: Identity }
  | ContributeEvent
  /** The caller is gone: no answer is wanted. What it contributed stands. */
  | { readonly kind: 'cancel'; readonly call: number }
  /** Time has passed. Input that had come before is processed already. */
  | { readonly kind: 'tick' }
  /** The driver itself stood still for so long: leases go on for as long. */
  | { readonly kind: 'stalled'; readonly byMs: number }
  | { readonly kind: 'reduced'; readonly reduction: number; readonly outcome: Reduced }
  /** Everything up to this version is durable. */
  | { readonly kind: 'persisted'; readonly version: number };

export interface RenewEvent {
  readonly kind: 'renew';
  readonly call: number;
  readonly member: Identity;
  readonly clock: ClockReport | undefined;
}

export interface ContributeEvent {
  readonly kind: 'contribute';
  readonly call: number;
  readonly member: Identity;
  readonly generation: number;
  readonly step: number;
  readonly deadlineMs: number;
  readonly contribution: Contribution;
}

export type Reduced = { readonly parts: readonly ReducedPart[] } | { readonly error: WeirError };

export type GroupEffect =
  | { readonly kind: 'reply'; readonly call: number; readonly answer: GroupAnswer }
  /** In the order of members; the answer is an event `reduced`. */
  | { readonly kind: 'reduce'; readonly reduction: number; readonly contributions: readonly Contribution[] }
  /** To be made durable, in order; the answer is an event `persisted`. A later version contains the earlier ones. */
  | PersistEffect
  /** The membership that others may see is another, or its next step. */
  | { readonly kind: 'changed'; readonly membership: Membership }
  /** The signs are others: the slowest clock, or only the step that is called. */
  | { readonly kind: 'signs'; readonly ofPace: boolean };

export interface PersistEffect {
  readonly kind: 'persist';
  readonly version: number;
  readonly state: GroupState;
  readonly result: CompletedStep | undefined;
  /** Steps whose results are not kept any more. */
  readonly dropped: readonly ResultHead[];
}

export interface CompletedStep {
  readonly head: ResultHead;
  readonly parts: readonly ReducedPart[];
}

export type GroupAnswer =
  | MembershipAnswer
  | { readonly kind: 'left'; readonly left: boolean }
  /** `completed` is there when the step was completed while the call waited; else the result is in the store. */
  | { readonly kind: 'result'; readonly head: ResultHead; readonly completed: CompletedStep | undefined }
  | { readonly kind: 'error'; readonly error: WeirError };

export interface MembershipAnswer {
  readonly kind: 'membership';
  readonly membership: Membership;
  /** Of the member, to a renewal; undefined while it may not begin. */
  readonly clock: number | undefined;
}
