// A member's signs of life: the renewals of its lease, which carry its clock. One is under way at a time; between two there
// is a third of the lease, or less when the clock has something to tell.
import { CLOCK_INTERVAL_MS, WeirError } from '@weir/proto';
import type { GroupMember } from '@weir/proto/v1/groups';
import { CallScope } from './call-scope.ts';
import type { GroupCalls } from './group-calls.ts';
import { type GroupEvents, groupRetryMs } from './group-watch.ts';
import { RENEWALS_PER_LEASE } from './limits.ts';
import type { PaceClock } from './pace-clock.ts';
import { decide } from './retry.ts';
import { callOnce } from './unary.ts';

export interface MemberLease {
  readonly member: GroupMember;
  readonly leaseMs: number;
}

export class LeaseKeeper {
  readonly #calls: GroupCalls;
  readonly #lease: MemberLease;
  readonly #clock: PaceClock;
  readonly #alone: () => boolean;
  #sentMs = performance.now();
  #failures = 0;
  #wake = (): void => {};

  /** @param alone whether nobody else is in the group, who could wait for the clock. */
  constructor(calls: GroupCalls, lease: MemberLease, clock: PaceClock, alone: () => boolean) {
    this.#calls = calls;
    this.#lease = lease;
    this.#clock = clock;
    this.#alone = alone;
  }

  /** The clock may have something to tell. */
  nudge(): void {
    if (this.#clock.urgency !== 'later') this.#wake();
  }

  /** Until the signal aborts or the membership is lost. */
  async run(events: GroupEvents, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const waitMs = this.#sentMs + this.#intervalMs() - performance.now();
      if (waitMs > 0) await this.#sleep(waitMs);
      else if (!(await this.#renew(events, signal))) return;
    }
  }

  #intervalMs(): number {
    const { leaseMs } = this.#lease;
    if (this.#failures > 0) return groupRetryMs(this.#failures);
    switch (this.#clock.urgency) {
      case 'now':
        return 0;
      case 'soon':
        return this.#alone() ? CLOCK_INTERVAL_ALONE_MS : CLOCK_INTERVAL_MS;
      default:
        return leaseMs / RENEWALS_PER_LEASE;
    }
  }

  /** @returns false when the membership is over. */
  async #renew(events: GroupEvents, signal: AbortSignal): Promise<boolean> {
    const { group, router } = this.#calls;
    const { member, leaseMs } = this.#lease;
    const { metadata } = router.context.channels;
    this.#sentMs = performance.now();
    using scope = new CallScope(`renew the lease of ${group}`, { signal, timeoutMs: leaseMs });
    const { client, where } = this.#calls.place();
    const clock = this.#clock.report();
    try {
      // A try that hangs must leave time for another one.
      const timeoutMs = leaseMs / RENEWALS_PER_LEASE;
      const request = { group, member, clock };
      const answer = await callOnce(client.renew.bind(client), request, metadata, scope, where, timeoutMs);
      this.#clock.heard(answer, clock);
      events.membership(answer);
      this.#failures = 0;
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (signal.aborted) return false;
      this.#failures++;
      this.#clock.forget();
      if (error.code === 'FENCED') {
        events.lost(error);
        return false;
      }
      if (decide(error) === 'reroute') await router.refresh(scope, error.epoch).catch(() => undefined);
      else this.#calls.unreachable();
    }
    return true;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** While nobody waits for the clock it need only be near when somebody joins. */
const CLOCK_INTERVAL_ALONE_MS = 100;
