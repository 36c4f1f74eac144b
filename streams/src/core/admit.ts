// What becomes of an append by a producer: a pure decision from the last sequence and epoch that the partition knows.
import { WeirError } from '@weir/proto';

/** What a partition keeps of a producer. */
export interface ProducerState {
  readonly epoch: number;
  /** 0: nothing appended yet. */
  readonly lastSequence: number;
}

export const NEW_PRODUCER: ProducerState = { epoch: 0, lastSequence: 0 };

export interface Admission {
  /** Leading records to drop: their sequences are known. */
  readonly duplicates: number;
  readonly next: ProducerState;
}

/**
 * `count` records from `firstSequence` on. A higher epoch takes over the sequence.
 * @throws WeirError FENCED under a lower epoch, SEQUENCE_GAP when a sequence is left out. `where` names the
 * producer and the partition.
 */
export function admit(
  state: ProducerState,
  append: { readonly epoch: number; readonly firstSequence: number; readonly count: number },
  where: string,
): Admission {
  const { epoch, firstSequence, count } = append;
  checkEpoch(state, epoch, where);
  if (firstSequence < 1) {
    throw new WeirError('INVALID_ARGUMENT', `${where}: sequences count from 1, not from ${firstSequence}`);
  }
  if (firstSequence > state.lastSequence + 1) {
    throw new WeirError(
      'SEQUENCE_GAP',
      `${where}: the first sequence is ${firstSequence}, but the last one appended is ${state.lastSequence}`,
    );
  }
  const last = firstSequence + count - 1;
  return {
    duplicates: Math.min(count, state.lastSequence - firstSequence + 1),
    next: { epoch, lastSequence: Math.max(last, state.lastSequence) },
  };
}

/** @throws WeirError FENCED under an epoch lower than the state's. */
export function checkEpoch(state: ProducerState, epoch: number, where: string): void {
  if (epoch >= state.epoch) return;
  throw new WeirError('FENCED', `${where}: epoch ${epoch} is over, epoch ${state.epoch} has taken over`);
}
