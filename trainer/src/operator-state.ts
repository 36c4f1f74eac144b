// What a trainer keeps beside the rows of the shards, and agrees on with the other members at barriers: the seam for the
// dense part of a model and for the pace of trainers. The loop of a generation owns when members meet; this says what they
// give and take.
import type { Group, GroupPart, GroupResult } from '@weir/sdk';
import type { AcquiredOffset } from './core/dense-coverage.ts';
import type { OffsetRange } from './core/source-cursor.ts';

export interface OperatorState {
  /** Of the model's dense part, for `forward`, as of now; undefined for a model without one. */
  readonly dense: Float32Array | undefined;
  /** A place was taken, for the first time or anew: all that is not in the group's last result is forgotten. */
  joined(group: Group): void;
  /** This member's part of the next barrier, with all pushes settled or given up; names, types and reductions are the same for all members. */
  parts(): readonly GroupPart[];
  /** The result that every member has. */
  adopt(result: GroupResult): void;
  /** After acquiring, before the plan of the restart: the partitions that are this member's from now on. */
  acquired(partitions: readonly AcquiredOffset[]): void;
  /** Everything below it is in the adopted state; undefined: the state does not count that partition. */
  coveredOffset(partition: number): number | undefined;
  /** Everything below it is in a stored step: only that may be trimmed; undefined: the state does not count the partition. */
  storedOffset(partition: number): number | undefined;
  /**
   * Resolves when the next window may begin (staleness between trainers), in catching up, too; false: the members are to
   * meet first, and the window waits. @throws CANCELLED once the signal aborts.
   */
  beforeWindow(signal: AbortSignal): Promise<boolean>;
  /**
   * A window was learned, in order.
   * @param gradient of the dense part, summed over its samples; undefined without one.
   */
  learned(ranges: readonly OffsetRange[], gradient: Float32Array | undefined, samples: number): void;
  /** All shards have acknowledged the window that covers these ranges. */
  acknowledged(ranges: readonly OffsetRange[]): void;
  /** No window is ready: until the next `beforeWindow` nobody waits for this trainer. */
  waiting(): void;
  /**
   * Resolves when the members are to meet although nobody came or went; undefined: never. Pushes are settled first, and
   * windows go on afterwards where they were. It also wakes a member that waits for samples.
   */
  meetingDue(): Promise<void> | undefined;
}
