// What a trainer keeps beside the rows of the shards, and agrees on with the other members at barriers: the seam for the
// dense part of a model. The loop of a generation owns when members meet; this says what they give and take.
import type { GroupPart, GroupResult } from '@weir/sdk';
import type { OffsetRange } from './core/source-cursor.ts';

export interface OperatorState {
  /** This member's part of the next barrier; names, types and reductions are the same for all members. */
  parts(): readonly GroupPart[];
  /** The result that every member has; from joining on, also the last one that was completed without this member. */
  adopt(result: GroupResult): void;
  /** Everything below it is in the adopted state; undefined: the state does not count that partition. */
  coveredOffset(partition: number): number | undefined;
  /** Resolves when the next window may begin (staleness between trainers). @throws CANCELLED once the signal aborts. */
  beforeWindow(signal: AbortSignal): Promise<void>;
  /** All shards have acknowledged the window that covers these ranges. */
  acknowledged(ranges: readonly OffsetRange[]): void;
  /**
   * Resolves when the members are to meet although nobody came or went; undefined: never. Pushes are settled first, and
   * windows go on afterwards where they were. It also wakes a member that waits for samples.
   */
  meetingDue(): Promise<void> | undefined;
}

/** Of models that live in rows alone. */
export const NO_OPERATOR_STATE: OperatorState = {
  parts: () => [],
  adopt: () => {},
  coveredOffset: () => undefined,
  beforeWindow: async () => {},
  acknowledged: () => {},
  meetingDue: () => undefined,
};
