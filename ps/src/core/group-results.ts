// Heads of a group's last results: how many are kept is bounded in number and in bytes; the last one is kept in any case.
import type { CompletedStep } from './group-events.ts';
import type { ReducedPart } from './group-reduce.ts';
import type { Identity, ResultHead } from './group-state.ts';
import { RESULT_BYTES_KEPT_MAX, RESULTS_KEPT } from './limits.ts';

export function completedStep(
  step: number,
  generation: number,
  members: readonly Identity[],
  parts: readonly ReducedPart[],
): CompletedStep {
  const head: ResultHead = {
    step,
    generation,
    members: members.map(({ name, incarnation }) => ({ name, incarnation })),
    parts: parts.map(({ value: _, ...part }) => part),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  return { head, parts };
}

export class GroupResults {
  /** Oldest first. */
  readonly #heads: ResultHead[];

  constructor(heads: readonly ResultHead[]) {
    this.#heads = [...heads];
  }

  get list(): readonly ResultHead[] {
    return this.#heads;
  }

  /** The result of a step, if it is kept and the member was part of it. */
  of(step: number, { name, incarnation }: Identity): ResultHead | undefined {
    const head = this.#heads.find((each) => each.step === step);
    const wasPart = head?.members.some((each) => each.name === name && each.incarnation === incarnation);
    return wasPart === true ? head : undefined;
  }

  /** Returns those that are not kept any more. */
  add(head: ResultHead): ResultHead[] {
    this.#heads.push(head);
    let kept = 0;
    let bytes = 0;
    for (const each of this.#heads.toReversed()) {
      bytes += each.bytes;
      if (kept > 0 && (kept === RESULTS_KEPT || bytes > RESULT_BYTES_KEPT_MAX)) break;
      kept++;
    }
    return this.#heads.splice(0, this.#heads.length - kept);
  }
}
