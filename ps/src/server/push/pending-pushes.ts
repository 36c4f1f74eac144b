// Pushes that are admitted and not settled, and who waits for their outcomes.
import type { ClientNumber } from '../../core/log-record.ts';
import type { PushOutcome } from './push-outcome.ts';

export type Settle = (outcome: PushOutcome) => void;

/** Who waits for the outcome of a push: whoever sent it, and its duplicates. */
export interface PendingPush {
  readonly client: ClientNumber;
  readonly settles: Settle[];
}

/** Those with numbers, in the order of the log: in an array, since they come and go with every push. */
export class PendingPushes {
  readonly #pending: PendingPush[] = [];

  add(pending: PendingPush): void {
    this.#pending.push(pending);
  }

  /** One that was added. */
  of({ id, incarnation, number }: ClientNumber): PendingPush {
    return this.#pending.find(
      ({ client }) => client.number === number && client.incarnation === incarnation && client.id === id,
    )!;
  }

  /** Settled pushes are the oldest, withdrawn ones the newest. */
  forget(pending: PendingPush): void {
    if (this.#pending[0] === pending) this.#pending.shift();
    else this.#pending.splice(this.#pending.lastIndexOf(pending), 1);
  }
}

export function settleAll({ settles }: PendingPush, outcome: PushOutcome): void {
  for (const settle of settles) settle(outcome);
}
