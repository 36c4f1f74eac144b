// What a member does all the time: renews its lease, and hears of changes of the membership. Both go on over lost
// connections and restarts of the shard, until the membership is over.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { GroupMember, GroupMembership } from '@weir/proto/v1/groups';
import { CallScope } from './call-scope.ts';
import type { GroupCalls } from './group-calls.ts';
import { GROUP_RETRY_MS_MAX, RENEWALS_PER_LEASE } from './limits.ts';
import { decide, delay } from './retry.ts';
import { callOnce } from './unary.ts';

export interface WatchEvents {
  membership(membership: GroupMembership): void;
  /** The membership is over; nothing follows. */
  lost(error: WeirError): void;
}

export interface MemberLease {
  readonly member: GroupMember;
  readonly leaseMs: number;
}

/** Until the signal aborts or the membership is lost. */
export async function keepLease(
  calls: GroupCalls,
  { member, leaseMs }: MemberLease,
  events: WatchEvents,
  signal: AbortSignal,
): Promise<void> {
  const { group, router } = calls;
  const { metadata } = router.context.channels;
  const intervalMs = leaseMs / RENEWALS_PER_LEASE;
  for (let failures = 0; !signal.aborted; ) {
    await pause(failures === 0 ? intervalMs : retryMs(failures), signal);
    if (signal.aborted) return;
    using scope = new CallScope(`renew the lease of ${group}`, { signal, timeoutMs: leaseMs });
    const { client, where } = calls.place();
    try {
      const request = { group, member };
      // A try that hangs must leave time for another one.
      events.membership(
        await callOnce(client.renew.bind(client), request, metadata, scope, where, intervalMs),
      );
      failures = 0;
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (signal.aborted) return;
      failures++;
      if (error.code === 'FENCED') {
        events.lost(error);
        return;
      }
      if (decide(error) === 'reroute') await router.refresh(scope, error.epoch).catch(() => undefined);
      else calls.unreachable();
    }
  }
}

/** Until the signal aborts. */
export async function watchMembership(
  calls: GroupCalls,
  events: WatchEvents,
  signal: AbortSignal,
): Promise<void> {
  const { metadata } = calls.router.context.channels;
  for (let failures = 0; !signal.aborted; ) {
    const call = calls.place().client.watch({ group: calls.group }, metadata);
    // Also after the reading has stopped, when nobody else would hear of the cancellation.
    call.on('error', () => {});
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const membership of call as AsyncIterable<GroupMembership>) {
        failures = 0;
        events.membership(membership);
      }
    } catch {
      // The renewals, which run beside it, see to the routing.
    } finally {
      signal.removeEventListener('abort', cancel);
      call.cancel();
    }
    failures++;
    await pause(retryMs(failures), signal);
  }
}

function retryMs(failures: number): number {
  return Math.min(GROUP_RETRY_MS_MAX, delay(failures, undefined, Math.random()));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined);
}
