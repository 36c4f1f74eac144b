// A membership in a group: its place at the barrier. It lasts from joining until `leave`, the end of the client, or until
// the shard gives the place to another (FENCED).
import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/proto';
import type { GroupMembership } from '@weir/proto/v1/groups';
import type { CallOptions, CallScope } from './call-scope.ts';
import { Changing } from './changing.ts';
import type { GroupCalls } from './group-calls.ts';
import { LeaseKeeper, type MemberLease } from './group-lease.ts';
import { encodeParts, type GroupPart } from './group-parts.ts';
import { readLatest } from './group-reader.ts';
import type { GroupResult } from './group-result.ts';
import { syncOnce } from './group-streams.ts';
import { watchGroup } from './group-watch.ts';
import { BARRIER_MARGIN_MS_MAX } from './limits.ts';
import { Pace } from './pace.ts';
import { PaceClock } from './pace-clock.ts';
import { callOnce } from './unary.ts';

/** Who is in the group. */
export interface Membership {
  /** Rises with every change. */
  readonly generation: number;
  /** Names, in the order in which contributions are reduced. */
  readonly members: readonly string[];
}

/** Of `Weir.group` for a member. */
export interface JoinOptions extends CallOptions {
  /** Unique in the group: a process that joins under the name of another takes its place. */
  readonly member: string;
  /** How long the place is kept without a sign of life; renewed in the background. 200 to 3,600,000; default 10,000. */
  readonly leaseMs?: number | undefined;
}

/**
 * A membership: this member's place at the barriers of a group. Its lease is renewed in the background, from `Weir.group` until
 * `leave`, the end of the client, or until another process has the place (FENCED).
 */
export class Group {
  readonly name: string;
  readonly member: string;
  /** Keeps members together between barriers. */
  readonly pace: Pace;
  readonly #calls: GroupCalls;
  readonly #lease: MemberLease;
  readonly #ending = new AbortController();
  readonly #clock = new PaceClock();
  readonly #membership: Changing<Membership>;
  readonly #called: Changing<number>;
  #nextStep: number;
  #lastResult: GroupResult | undefined;
  #lost: WeirError | undefined;

  /** Use `Weir.group`. @param closed aborts when the client is closed. */
  constructor(
    calls: GroupCalls,
    lease: MemberLease,
    joined: GroupMembership,
    lastResult: GroupResult | undefined,
    closed: AbortSignal,
  ) {
    this.name = calls.group;
    this.member = lease.member.name;
    this.#calls = calls;
    this.#lease = lease;
    this.#membership = new Changing({ generation: joined.generation, members: joined.members });
    this.#called = new Changing(joined.calledStep);
    this.#nextStep = Math.max(joined.nextStep, (lastResult?.step ?? 0) + 1);
    this.#lastResult = lastResult;
    if (closed.aborted) this.#end();
    closed.addEventListener('abort', () => this.#end(), { once: true });
    const keeper = new LeaseKeeper(calls, lease, this.#clock, () => this.members.length === 1);
    this.pace = new Pace(
      this.#clock,
      () => keeper.nudge(),
      () => this.#lost,
    );
    const events = {
      membership: (membership: GroupMembership) => {
        this.#adopt(membership);
        keeper.nudge();
      },
      disconnected: () => this.#clock.forget(),
      lost: (error: WeirError) => this.#end(error),
    };
    void keeper.run(events, this.#ending.signal);
    void watchGroup(calls, events, this.#ending.signal);
  }

  /** Rises with every change of the members. */
  get generation(): number {
    return this.#membership.current.generation;
  }

  /** In the order in which contributions are reduced. */
  get members(): readonly string[] {
    return this.#membership.current.members;
  }

  /** The step to contribute to. */
  get nextStep(): number {
    return this.#nextStep;
  }

  /** Whether a member has contributed to the step and waits for the others. */
  get stepCalled(): boolean {
    return this.#called.current >= this.#nextStep;
  }

  /** Of the last step that this member knows of: from joining, then from `sync`. */
  get lastResult(): GroupResult | undefined {
    return this.#lastResult;
  }

  /**
   * Contributes to a step and waits until every member of the generation has; then all get the same result, which is on the
   * shard's disk. Values are those of `parts` as they are now: a step takes a member's first contribution, so a repeat
   * after BARRIER_TIMEOUT, a lost answer or a restart of this call waits for a result that may hold the first one. Look
   * into the result for what it covers.
   * @param step `nextStep`, or an earlier one whose answer was lost.
   * @throws WeirError GROUP_CHANGED (`members`, `generation`: contribute to the same step again), BARRIER_TIMEOUT
   * (`members`: who is missing), FENCED (the place is lost; join anew), STEP_EXPIRED, NOT_FINITE, INVALID_ARGUMENT,
   * DEADLINE_EXCEEDED when the shard could not be reached, CANCELLED.
   */
  async sync(step: number, parts: readonly GroupPart[], options?: CallOptions): Promise<GroupResult> {
    const what = `step ${step} of group ${this.name}`;
    const { parts: specs, frames } = encodeParts(parts, what);
    using scope = this.#calls.calls.begin(what, options);
    if (this.#lost !== undefined) throw this.#lost;
    // Of now: what was contributed with other members in mind must not slip into a later generation by a repeat.
    const { generation } = this;
    const { metadata } = this.#calls.router.context.channels;
    try {
      const result = await this.#calls.retried(scope, async (place) => {
        const start = {
          group: this.name,
          member: this.#lease.member,
          generation,
          step,
          timeoutMs: barrierTimeoutMs(scope),
          parts: specs,
        };
        const found = await syncOnce(place, start, frames, metadata, scope);
        if (found === undefined) throw new WeirError('UNAVAILABLE', `${what}: the shard gave no result`);
        return found;
      });
      this.#nextStep = Math.max(this.#nextStep, step + 1);
      if (step > (this.#lastResult?.step ?? 0)) this.#lastResult = result;
      return result;
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (error.code === 'FENCED') this.#end(error);
      if (error.code === 'GROUP_CHANGED') {
        this.#changed({ generation: error.generation ?? 0, members: error.members ?? [] });
      }
      throw error;
    }
  }

  /** The result of the last completed step; undefined before the first. */
  latest(options?: CallOptions): Promise<GroupResult | undefined> {
    return readLatest(this.#calls, options);
  }

  /**
   * The membership now, and whenever it has changed: a slow reader misses those that were overtaken, never the newest. Ends
   * with the membership.
   * @throws WeirError FENCED when the place is lost.
   */
  changes(options: Pick<CallOptions, 'signal'> = {}): AsyncIterable<Membership> {
    return this.#membership.follow(options.signal);
  }

  /**
   * The steps to which some member has contributed and for which it waits, as they are heard of; see `stepCalled`. Ends with
   * the membership.
   * @throws WeirError FENCED when the place is lost.
   */
  calledSteps(options: Pick<CallOptions, 'signal'> = {}): AsyncIterable<number> {
    return this.#called.follow(options.signal);
  }

  /** Gives the place up: the others go on without waiting for the lease to expire. */
  async leave(options?: CallOptions): Promise<void> {
    this.#end();
    using scope = this.#calls.calls.begin(`leave group ${this.name}`, options);
    const { metadata } = this.#calls.router.context.channels;
    const request = { group: this.name, member: this.#lease.member };
    await this.#calls.retried(scope, ({ client, where }) =>
      callOnce(client.leave.bind(client), request, metadata, scope, where),
    );
  }

  /** Leaves, unless the membership has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ending.signal.aborted) await this.leave();
  }

  #adopt({ generation, members, slowest, calledStep }: GroupMembership): void {
    this.#changed({ generation, members });
    if (calledStep > this.#called.current) this.#called.change(calledStep);
    this.#clock.heard({ slowest });
    this.pace.wake();
  }

  #changed(membership: Membership): void {
    if (membership.generation > this.generation) this.#membership.change(membership);
  }

  #end(lost?: WeirError): void {
    this.#lost ??= lost ?? new WeirError('CANCELLED', `the membership in group ${this.name} has ended`);
    this.#ending.abort();
    this.#membership.end(lost);
    this.#called.end(lost);
    this.pace.wake();
  }
}

/** Joins, and reads the last result. @throws WeirError INVALID_ARGUMENT, UNAVAILABLE, CANCELLED. */
export async function joinGroup(
  calls: GroupCalls,
  { member, leaseMs = 10_000, ...options }: JoinOptions,
  closed: AbortSignal,
): Promise<Group> {
  using scope = calls.calls.begin(`join group ${calls.group}`, options);
  const { metadata } = calls.router.context.channels;
  const lease = { member: { name: member, incarnation: randomUUID() }, leaseMs };
  const request = { group: calls.group, member: lease.member, leaseMs };
  const joined = await calls.retried(scope, ({ client, where }) =>
    callOnce(client.join.bind(client), request, metadata, scope, where),
  );
  const lastResult =
    joined.nextStep > 1
      ? await readLatest(calls, { timeoutMs: scope.remainingMs, signal: options.signal })
      : undefined;
  return new Group(calls, lease, joined, lastResult, closed);
}

/** Of the shard's wait: less than what is left, so that its answer, which names who is missing, comes in time. */
function barrierTimeoutMs({ remainingMs }: CallScope): number {
  return Math.max(1, Math.floor(remainingMs - Math.min(BARRIER_MARGIN_MS_MAX, remainingMs / 4)));
}
