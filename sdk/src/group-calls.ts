// Calls about one group, at the shard that owns its name's slot: found anew after a change of routing, tried again inside
// the caller's scope. Groups have connections of their own, so that no renewal waits behind rows.
import { WeirError } from '@weir/proto';
import type { GroupsClient } from '@weir/proto/v1/groups';
import type { CallScope } from './call-scope.ts';
import type { Calls } from './calls.ts';
import { decide, delay } from './retry.ts';
import type { Router } from './router.ts';
import { homeShard } from './routing.ts';

/** One connection to each shard that owns a group of this client. */
export class GroupConnections {
  readonly #open: (address: string) => GroupsClient;
  readonly #clients = new Map<string, GroupsClient>();

  constructor(open: (address: string) => GroupsClient) {
    this.#open = open;
  }

  to(address: string): GroupsClient {
    const known = this.#clients.get(address) ?? this.#open(address);
    this.#clients.set(address, known);
    return known;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}

/** Where a try goes. */
export interface GroupPlace {
  readonly client: GroupsClient;
  /** For messages. */
  readonly where: string;
}

export class GroupCalls {
  readonly group: string;
  readonly calls: Calls;
  readonly router: Router;
  readonly #connections: GroupConnections;

  constructor(group: string, router: Router, calls: Calls, connections: GroupConnections) {
    this.group = group;
    this.router = router;
    this.calls = calls;
    this.#connections = connections;
  }

  /** The group's shard as the routing table in force has it. */
  place(): GroupPlace {
    const { id, address } = homeShard(this.group, this.router.current);
    return { client: this.#connections.to(address), where: `${id} (${address})` };
  }

  /** Asks for another address of the group's shard, which could not be reached. */
  unreachable(): void {
    this.router.shard(homeShard(this.group, this.router.current).id).connection.unreachable();
  }

  /** Tries until it works, fails for good, or the scope ends; then the last failure is the error's cause. */
  async retried<T>(scope: CallScope, attempt: (place: GroupPlace) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      scope.throwIfEnded();
      const place = this.place();
      try {
        return await attempt(place);
      } catch (thrown) {
        const error = WeirError.from(thrown);
        if (scope.ended) throw scope.error(place.where, { cause: error });
        const decision = decide(error);
        if (decision === 'fail') throw error;
        if (decision === 'reroute') await this.router.refresh(scope, error.epoch);
        else if (error.code === 'UNAVAILABLE') this.unreachable();
        await scope.sleep(delay(tries, error.retryAfterMs, Math.random()));
        if (scope.ended) throw scope.error(`${place.where} (last: ${error.message})`, { cause: error });
      }
    }
  }
}
