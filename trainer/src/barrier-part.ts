// What rides in the trainers' barrier beside the assignment of partitions: the dense part of a model. The loop calls it at
// every barrier, whatever the barrier is for, since all contributions to a step have the same parts:
// - contribute: with every push acknowledged, for `group.sync(group.nextStep, [...own parts, ...contribute()])`; nothing
//   is learned between that call and `adopt`, not even when `sync` fails and is repeated;
// - adopt: from the result of every step, and from `group.lastResult` after joining (also after FENCED, when all that was
//   not in a result is dropped);
// - acquired: after `sources.acquire`; the partitions to be learned from now on. From then on `covered` is one more shard's
//   offset of a partition in the restart plan (cuts included).
// - due: looked at before each window; true: go to a barrier now, as when `group.stepCalled` says that another member has.
import type { GroupPart, GroupResult } from '@weir/sdk';

/** Samples [from, to) of a partition, in the order of the window's learning. */
export interface LearnedRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface BarrierPart {
  contribute(): readonly GroupPart[];
  /** @param result undefined: the group has none yet. */
  adopt(result: GroupResult | undefined): void;
  /** @param partitions with the smallest offset that the shards have applied. */
  acquired(partitions: readonly { readonly partition: number; readonly applied: number }[]): void;
  /** Everything below it is in the operator state; undefined: the partition was not acquired. */
  covered(partition: number): number | undefined;
  readonly due: boolean;
}
