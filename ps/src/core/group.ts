// A group's barrier as a state machine: events in, effects out, the clock passed in. What always holds:
// - A step is completed once, by contributions of all members of one generation; every change of membership is a new
//   generation and drops what was contributed.
// - No answer goes out before all that it says is durable, but for timeouts, which promise nothing.
// - Steps are 1, 2, 3, ... over the life of the group. A member contributes once to a step of a generation; a repeat waits
//   for the same result.
import { GROUP_MEMBERS_MAX, type WeirError } from '@weir/proto';
import { GroupAnswers } from './group-answers.ts';
import { type ClockReport, GroupClocks } from './group-clocks.ts';
import { GroupErrors } from './group-errors.ts';
import type {
  CompletedStep,
  ContributeEvent,
  GroupAnswer,
  GroupEffect,
  GroupEvent,
  GroupSigns,
  Membership,
  MembershipAnswer,
  Reduced,
} from './group-events.ts';
import { GroupMembers } from './group-members.ts';
import { completedStep, GroupResults } from './group-results.ts';
import type { GroupState, Identity, ResultHead } from './group-state.ts';
import { GroupStep } from './group-step.ts';
import { GroupWaiting } from './group-waiting.ts';
import { CALLS_PER_MEMBER_MAX } from './limits.ts';
import { SignsTold } from './signs-told.ts';

export class Group {
  readonly #errors: GroupErrors;
  readonly #members: GroupMembers;
  #generation: number;
  #lastStep: number;
  readonly #results: GroupResults;
  readonly #step: GroupStep;
  readonly #waiting = new GroupWaiting();
  /** The reduction under way. */
  #reducing: number | undefined;
  #reductions = 0;
  readonly #answers: GroupAnswers;
  readonly #clocks: GroupClocks;
  readonly #told = new SignsTold();
  #effects: GroupEffect[] = [];

  /** A group as it was stored, or a new one without members. Leases begin now, in full. */
  constructor(name: string, state: GroupState | undefined, results: readonly ResultHead[], nowMs: number) {
    this.#errors = new GroupErrors(name);
    this.#step = new GroupStep(this.#errors);
    this.#members = new GroupMembers(state?.members ?? [], state?.fenced ?? [], nowMs);
    this.#generation = state?.generation ?? 0;
    this.#lastStep = state?.lastStep ?? 0;
    this.#results = new GroupResults(results);
    this.#answers = new GroupAnswers(this.#membership());
    this.#clocks = new GroupClocks(state?.members ?? []);
  }

  /** As far as it is durable. */
  get membership(): Membership {
    return this.#answers.visible;
  }

  get members(): GroupMembers {
    return this.#members;
  }

  /** Of results that are kept, oldest first. */
  get results(): readonly ResultHead[] {
    return this.#results.list;
  }

  /** Of the next step. */
  get step(): GroupStep {
    return this.#step;
  }

  get clocks(): GroupClocks {
    return this.#clocks;
  }

  /** What members go by between two barriers. */
  get signs(): GroupSigns {
    return this.#told.signs;
  }

  /** When a tick has something to do. */
  get nextDueMs(): number {
    return Math.min(this.#members.nextExpiryMs, this.#answers.nextDeadlineMs, this.#waiting.nextDeadlineMs);
  }

  /** Whether a contribution has its answer whatever it holds: its bytes need not come. */
  isSettled(member: Identity, generation: number, step: number): boolean {
    return this.#settled(member, generation, step) !== undefined;
  }

  apply(event: GroupEvent, nowMs: number): readonly GroupEffect[] {
    switch (event.kind) {
      case 'join':
        this.#reply(event.call, this.#join(event.member, event.leaseMs, nowMs));
        break;
      case 'renew':
        this.#reply(event.call, this.#renew(event.member, event.clock, nowMs));
        break;
      case 'leave': {
        const left = this.#members.leave(event.member);
        if (left) this.#newGeneration();
        this.#reply(event.call, { kind: 'left', left });
        break;
      }
      case 'contribute': {
        const answer = this.#contribute(event, nowMs);
        if (answer !== undefined) this.#reply(event.call, answer, event.deadlineMs);
        break;
      }
      case 'cancel':
        this.#waiting.cancel(event.call);
        this.#answers.cancel(event.call);
        break;
      case 'tick':
        this.#timeOut(nowMs);
        if (this.#members.expire(nowMs)) this.#newGeneration();
        break;
      case 'stalled':
        this.#members.prolong(event.byMs);
        break;
      case 'reduced':
        if (event.reduction === this.#reducing) this.#complete(event.outcome);
        break;
      case 'persisted':
        this.#effects.push(...this.#answers.persisted(event.version));
        this.#clocks.persisted(event.version);
        break;
    }
    const calledStep = this.#step.size > 0 ? this.#lastStep + 1 : 0;
    this.#effects.push(...this.#told.look(this.#clocks.slowest, calledStep));
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #join(member: Identity, leaseMs: number, nowMs: number): GroupAnswer {
    const outcome = this.#members.join(member, leaseMs, nowMs);
    if (outcome === 'fenced') return this.#fenced(member);
    if (outcome === 'full') return failed(this.#errors.full(GROUP_MEMBERS_MAX));
    if (outcome === 'joined') this.#newGeneration();
    return this.#membershipAnswer();
  }

  #renew(member: Identity, clock: ClockReport | undefined, nowMs: number): GroupAnswer {
    if (!this.#members.renew(member, nowMs)) return this.#fenced(member);
    return { ...this.#membershipAnswer(), clock: this.#clocks.report(member, clock) };
  }

  /** Undefined while it waits. */
  #contribute(event: ContributeEvent, nowMs: number): GroupAnswer | undefined {
    const { call, member, generation, step, deadlineMs, contribution } = event;
    const settled = this.#settled(member, generation, step);
    if (settled !== undefined) return settled;
    this.#members.renew(member, nowMs);
    if (this.#waiting.of(member) >= CALLS_PER_MEMBER_MAX) return failed(this.#errors.tooManyCalls(member));
    const error = this.#step.add(member.name, contribution, step, nowMs);
    if (error !== undefined) return failed(error);
    this.#waiting.add(call, member, deadlineMs);
    const members = this.#members.names;
    if (this.#reducing === undefined && this.#step.missing(members).length === 0) {
      this.#reducing = ++this.#reductions;
      const contributions = this.#step.inOrder(members);
      this.#effects.push({ kind: 'reduce', reduction: this.#reducing, contributions });
    }
    return undefined;
  }

  #settled(member: Identity, generation: number, step: number): GroupAnswer | undefined {
    const head = this.#results.of(step, member);
    if (head !== undefined) return { kind: 'result', head, completed: undefined };
    if (!this.#members.has(member)) return this.#fenced(member);
    if (step <= this.#lastStep) return failed(this.#errors.expired(step, this.#lastStep));
    if (step > this.#lastStep + 1) return failed(this.#errors.tooEarly(step, this.#lastStep + 1));
    if (generation !== this.#generation) return failed(this.#errors.changed(this.#membership()));
    return undefined;
  }

  #complete(outcome: Reduced): void {
    if ('error' in outcome) {
      this.#endStep(() => failed(outcome.error));
      return;
    }
    const step = this.#lastStep + 1;
    const completed = completedStep(step, this.#generation, this.#members.list, outcome.parts);
    const { head } = completed;
    this.#lastStep = step;
    this.#persist(completed, this.#results.add(head));
    this.#endStep(() => ({ kind: 'result', head, completed }));
  }

  /** Drops what was contributed and answers who waits. */
  #endStep(answer: (member: Identity) => GroupAnswer): void {
    const waiting = this.#waiting.takeAll();
    this.#step.clear();
    this.#reducing = undefined;
    for (const [call, { member, deadlineMs }] of waiting) this.#reply(call, answer(member), deadlineMs);
  }

  #newGeneration(): void {
    this.#generation++;
    this.#persist(undefined, []);
    const changed = this.#errors.changed(this.#membership());
    this.#endStep((member) => (this.#members.has(member) ? failed(changed) : this.#fenced(member)));
  }

  #persist(result: CompletedStep | undefined, dropped: readonly ResultHead[]): void {
    const { list: members, fenced } = this.#members;
    const state: GroupState = { generation: this.#generation, lastStep: this.#lastStep, members, fenced };
    const version = this.#answers.changed(this.#membership());
    this.#clocks.changed(members, version);
    this.#effects.push({ kind: 'persist', version, state, result, dropped });
  }

  #timeOut(nowMs: number): void {
    const missing = this.#step.missing(this.#members.names);
    const notDurable = failed(this.#errors.notDurable());
    const late = missing.length > 0 ? failed(this.#errors.timeout(this.#lastStep + 1, missing)) : notDurable;
    for (const call of this.#waiting.takeLate(nowMs))
      this.#effects.push({ kind: 'reply', call, answer: late });
    for (const call of this.#answers.timedOut(nowMs)) {
      this.#effects.push({ kind: 'reply', call, answer: notDurable });
    }
  }

  #reply(call: number, answer: GroupAnswer, deadlineMs = Number.POSITIVE_INFINITY): void {
    this.#effects.push(...this.#answers.reply(call, answer, deadlineMs));
  }

  #fenced(member: Identity): GroupAnswer {
    return failed(this.#errors.fenced(member));
  }

  #membershipAnswer(): MembershipAnswer {
    return { kind: 'membership', membership: this.#membership(), clock: undefined };
  }

  #membership(): Membership {
    return { generation: this.#generation, members: this.#members.names, nextStep: this.#lastStep + 1 };
  }
}

function failed(error: WeirError): GroupAnswer {
  return { kind: 'error', error };
}
