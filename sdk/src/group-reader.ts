// What anybody may read of a group, member or not.
import { WeirError } from '@weir/proto';
import type { DescribeGroupResponse, GroupMembership } from '@weir/proto/v1/groups';
import type { CallOptions } from './call-scope.ts';
import { Changing } from './changing.ts';
import type { GroupCalls } from './group-calls.ts';
import type { GroupResult } from './group-result.ts';
import { latestOnce } from './group-streams.ts';
import { watchGroup } from './group-watch.ts';
import { callOnce } from './unary.ts';

/** A group as its shard sees it: members with their leases, and the step that waits, with who is missing. */
export type GroupDescription = DescribeGroupResponse;

/** A group without being a member of it. */
export class GroupReader {
  readonly name: string;
  readonly #calls: GroupCalls;

  /** Use `Weir.group`. */
  constructor(calls: GroupCalls) {
    this.name = calls.group;
    this.#calls = calls;
  }

  /** The result of the last completed step; undefined before the first, and while nobody has joined the group. */
  latest(options?: CallOptions): Promise<GroupResult | undefined> {
    return readLatest(this.#calls, options);
  }

  /**
   * The result of the last completed step, now and whenever there is a newer one: a slow reader misses those that were
   * overtaken, never the newest. Goes on over lost connections and restarts, and while the group does not exist yet.
   * @throws WeirError what neither waiting nor another address helps; ends when the signal aborts.
   */
  async *results({ signal }: { readonly signal: AbortSignal }): AsyncGenerator<GroupResult, void, undefined> {
    const nextStep = new Changing(0);
    const heard = {
      membership: (group: GroupMembership) => nextStep.change(group.nextStep),
      // Whoever reads the result finds the group's shard anew.
      disconnected: () => nextStep.change(nextStep.current),
    };
    void watchGroup(this.#calls, heard, signal);
    let seen = 0;
    for await (const _ of nextStep.follow(signal)) {
      const latest = await this.#latestIfReachable(signal);
      if (latest === undefined || latest.step <= seen) continue;
      seen = latest.step;
      yield latest;
    }
  }

  /** Members, leases, which step waits for whom and since when. @throws WeirError GROUP_NOT_FOUND. */
  async describe(options?: CallOptions): Promise<GroupDescription> {
    using scope = this.#calls.calls.begin(`describe group ${this.name}`, options);
    const { metadata } = this.#calls.router.context.channels;
    return await this.#calls.retried(scope, ({ client, where }) =>
      callOnce(client.describe.bind(client), { group: this.name }, metadata, scope, where),
    );
  }

  async #latestIfReachable(signal: AbortSignal): Promise<GroupResult | undefined> {
    try {
      return await this.latest({ signal });
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (signal.aborted || error.retryable || error.code === 'DEADLINE_EXCEEDED') return undefined;
      throw error;
    }
  }
}

export async function readLatest(
  calls: GroupCalls,
  options: CallOptions | undefined,
): Promise<GroupResult | undefined> {
  using scope = calls.calls.begin(`read the last result of group ${calls.group}`, options);
  const { metadata } = calls.router.context.channels;
  return await calls.retried(scope, (place) => latestOnce(place, calls.group, metadata, scope));
}
