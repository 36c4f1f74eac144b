// Defects to be noticed, put into single objects of a shard under test.
import type { WriteBatch } from '@weir/store';
import type { ClientNumbers } from '../core/client-numbers.ts';

/** How long a write that was acknowledged too early waits before it is made. */
const EARLY_MS = 25;

/** From now on a number that was logged is taken once more. */
export function applyDuplicates(numbers: ClientNumbers): void {
  const admit = numbers.admit.bind(numbers);
  numbers.admit = (client) => {
    const admission = admit(client);
    return admission.kind === 'duplicate' && !admission.pending ? { kind: 'accepted' } : admission;
  };
}

/** A write that says that it is done before it is begun; writes keep their order. */
export function writeLate(write: (batch: WriteBatch) => Promise<void>): (batch: WriteBatch) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return async (batch) => {
    const due = new Promise((resolve) => setTimeout(resolve, EARLY_MS));
    last = last.then(() => due).then(() => write(batch));
  };
}
