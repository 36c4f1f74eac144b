// Answers of a group that wait until what they say is durable, and the membership that others may see.
// Holds: versions are durable in their order, so an answer waits for the version that was the newest when it was decided.
import type { GroupAnswer, GroupEffect, Membership } from './group-events.ts';

interface Held {
  readonly call: number;
  readonly answer: GroupAnswer;
  readonly version: number;
  readonly deadlineMs: number;
}

export class GroupAnswers {
  #version = 0;
  #durableVersion = 0;
  #held: Held[] = [];
  #unseen: { readonly version: number; readonly membership: Membership }[] = [];
  #visible: Membership;

  constructor(visible: Membership) {
    this.#visible = visible;
  }

  /** As far as it is durable. */
  get visible(): Membership {
    return this.#visible;
  }

  get nextDeadlineMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#held.map(({ deadlineMs }) => deadlineMs));
  }

  /** Begins the next version. */
  changed(membership: Membership): number {
    this.#unseen.push({ version: ++this.#version, membership });
    return this.#version;
  }

  /** What is to be done now. */
  reply(call: number, answer: GroupAnswer, deadlineMs: number): GroupEffect[] {
    if (this.#version === this.#durableVersion) return [{ kind: 'reply', call, answer }];
    this.#held.push({ call, answer, version: this.#version, deadlineMs });
    return [];
  }

  cancel(call: number): void {
    this.#held = this.#held.filter((held) => held.call !== call);
  }

  persisted(version: number): GroupEffect[] {
    this.#durableVersion = version;
    const due = this.#held.filter((held) => held.version <= version);
    this.#held = this.#held.filter((held) => held.version > version);
    const effects: GroupEffect[] = due.map(({ call, answer }) => ({ kind: 'reply', call, answer }));
    const before = this.#visible;
    this.#visible =
      this.#unseen.filter((each) => each.version <= version).at(-1)?.membership ?? this.#visible;
    this.#unseen = this.#unseen.filter((each) => each.version > version);
    const { generation, nextStep } = this.#visible;
    if (generation !== before.generation || nextStep !== before.nextStep)
      effects.push({ kind: 'changed', membership: this.#visible });
    return effects;
  }

  /** Calls that can wait no longer. */
  timedOut(nowMs: number): number[] {
    const late = this.#held.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    this.#held = this.#held.filter(({ deadlineMs }) => deadlineMs > nowMs);
    return late.map(({ call }) => call);
  }
}
