// Calls that wait for a step, each until its deadline.
import type { Identity } from './group-state.ts';

interface Waiting {
  readonly member: Identity;
  readonly deadlineMs: number;
}

export class GroupWaiting {
  readonly #calls = new Map<number, Waiting>();

  get nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.#calls.values()) next = Math.min(next, deadlineMs);
    return next;
  }

  add(call: number, member: Identity, deadlineMs: number): void {
    this.#calls.set(call, { member, deadlineMs });
  }

  cancel(call: number): void {
    this.#calls.delete(call);
  }

  /** How many of a member's calls wait. */
  of({ name }: Identity): number {
    return [...this.#calls.values()].filter(({ member }) => member.name === name).length;
  }

  /** All of them, which wait no more. */
  takeAll(): [call: number, waiting: Waiting][] {
    const all = [...this.#calls];
    this.#calls.clear();
    return all;
  }

  /** Those that can wait no longer. */
  takeLate(nowMs: number): number[] {
    const late = [...this.#calls].filter(([, { deadlineMs }]) => deadlineMs <= nowMs).map(([call]) => call);
    for (const call of late) this.#calls.delete(call);
    return late;
  }
}
