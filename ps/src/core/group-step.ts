// What the members have contributed to the next step.
import { GROUP_PAYLOAD_BYTES_MAX, type WeirError } from '@weir/proto';
import { contributionBytes, mismatch, resultBytes } from './group-contribution.ts';
import type { GroupErrors } from './group-errors.ts';
import type { Contribution } from './group-reduce.ts';

interface Contributed {
  readonly contribution: Contribution;
  readonly sinceMs: number;
}

export class GroupStep {
  readonly #errors: GroupErrors;
  readonly #contributed = new Map<string, Contributed>();

  constructor(errors: GroupErrors) {
    this.#errors = errors;
  }

  /** Since when each member's contribution is there. */
  get sinceMs(): ReadonlyMap<string, number> {
    return new Map([...this.#contributed].map(([name, { sinceMs }]) => [name, sinceMs]));
  }

  get size(): number {
    return this.#contributed.size;
  }

  get largestBytes(): number {
    return Math.max(
      0,
      ...[...this.#contributed.values()].map(({ contribution }) => contributionBytes(contribution)),
    );
  }

  /** A member's first contribution stands. Returns why it cannot be taken. */
  add(member: string, contribution: Contribution, step: number, nowMs: number): WeirError | undefined {
    if (this.#contributed.has(member)) return undefined;
    const [first] = this.#contributed;
    const error = first && mismatch(first[1].contribution, first[0], contribution);
    if (error !== undefined) return error;
    const others = [...this.#contributed.values()].map((each) => each.contribution);
    const bytes = resultBytes([contribution, ...others]);
    if (bytes > GROUP_PAYLOAD_BYTES_MAX) {
      return this.#errors.resultTooLarge(step, bytes, GROUP_PAYLOAD_BYTES_MAX);
    }
    this.#contributed.set(member, { contribution, sinceMs: nowMs });
    return undefined;
  }

  missing(members: readonly string[]): string[] {
    return members.filter((name) => !this.#contributed.has(name));
  }

  /** In the order of members, all of whom have contributed. */
  inOrder(members: readonly string[]): Contribution[] {
    return members.map((name) => this.#contributed.get(name)!.contribution);
  }

  clear(): void {
    this.#contributed.clear();
  }
}
