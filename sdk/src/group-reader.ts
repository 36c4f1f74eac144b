// What anybody may read of a group, member or not.
import type { DescribeGroupResponse } from '@weir/proto/v1/groups';
import type { CallOptions } from './call-scope.ts';
import type { GroupCalls } from './group-calls.ts';
import type { GroupResult } from './group-result.ts';
import { latestOnce } from './group-streams.ts';
import { callOnce } from './unary.ts';

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

  /** Members, leases, which step waits for whom and since when. @throws WeirError GROUP_NOT_FOUND. */
  async describe(options?: CallOptions): Promise<GroupDescription> {
    using scope = this.#calls.calls.begin(`describe group ${this.name}`, options);
    const { metadata } = this.#calls.router.context.channels;
    return await this.#calls.retried(scope, ({ client, where }) =>
      callOnce(client.describe.bind(client), { group: this.name }, metadata, scope, where),
    );
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
