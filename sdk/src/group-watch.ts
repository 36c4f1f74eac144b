// What is heard of a group all the time: changes of its membership, completed and called steps, the slowest clock. Goes on
// over lost connections and restarts of the shard.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WeirError } from '@weir/proto';
import type { GroupMembership } from '@weir/proto/v1/groups';
import type { GroupCalls } from './group-calls.ts';
import { GROUP_RETRY_MS_MAX } from './limits.ts';
import { delay } from './retry.ts';

export interface GroupEvents {
  membership(membership: GroupMembership): void;
  /** A connection was lost: the shard may have forgotten what it keeps in memory only. */
  disconnected(): void;
  /** The membership is over; nothing follows. */
  lost(error: WeirError): void;
}

/** Until the signal aborts. */
export async function watchGroup(
  calls: GroupCalls,
  events: Pick<GroupEvents, 'membership' | 'disconnected'>,
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
    if (signal.aborted) return;
    failures++;
    events.disconnected();
    await sleep(groupRetryMs(failures), undefined, { signal }).catch(() => undefined);
  }
}

export function groupRetryMs(failures: number): number {
  return Math.min(GROUP_RETRY_MS_MAX, delay(failures, undefined, Math.random()));
}
