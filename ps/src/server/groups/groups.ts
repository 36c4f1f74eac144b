// The groups of a shard, by name: those whose slot it owns.
import { LEASE_MS_MAX, LEASE_MS_MIN, slotOfName, WeirError } from '@weir/proto';
import type { GroupMember } from '@weir/proto/v1/groups';
import type { Runtime } from '@weir/runtime';
import type { Store } from '@weir/store';
import { requireName } from '../../core/checked-name.ts';
import type { Identity } from '../../core/group-state.ts';
import type { Ownership } from '../../core/routing.ts';
import { GROUPS_MAX } from '../../limits.ts';
import { GroupCounters } from './group-counters.ts';
import { GroupHost, type GroupParts } from './group-host.ts';
import { GroupMemory } from './group-memory.ts';
import { GroupStore } from './group-store.ts';

export interface GroupsOptions {
  readonly ownership: Ownership;
  /** Opened with GROUP_FAMILIES; the caller closes it after `stop`. */
  readonly store: Store;
  readonly logger: Runtime['log'];
}

export class Groups {
  readonly ownership: Ownership;
  readonly counters: GroupCounters;
  readonly memory: GroupMemory;
  readonly #parts: GroupParts;
  readonly #hosts = new Map<string, GroupHost>();

  /** For `openGroups`. */
  constructor({ ownership, store, logger }: GroupsOptions) {
    this.ownership = ownership;
    this.counters = new GroupCounters();
    this.memory = new GroupMemory();
    this.#parts = { store: new GroupStore(store), memory: this.memory, counters: this.counters, logger };
  }

  get size(): number {
    return this.#hosts.size;
  }

  get members(): number {
    let members = 0;
    for (const { group } of this.#hosts.values()) members += group.members.size;
    return members;
  }

  /** For how long the first to come to a step has waited for others, at most, over all groups; 0: nobody waits. */
  waitingMs(nowMs: number): number {
    let longest = 0;
    for (const { group } of this.#hosts.values()) {
      for (const since of group.step.sinceMs.values()) longest = Math.max(longest, nowMs - since);
    }
    return longest;
  }

  /** How many windows the farthest member that works is ahead of the slowest, at most, over all groups. */
  get clockSpread(): number {
    let widest = 0;
    for (const { group } of this.#hosts.values()) widest = Math.max(widest, group.clocks.spread);
    return widest;
  }

  /** Takes up what was stored: members keep their places, and their leases begin anew. */
  async recover(): Promise<void> {
    const { store } = this.#parts;
    for (const name of await store.names()) {
      this.#hosts.set(name, new GroupHost(name, await store.group(name), this.#parts));
    }
  }

  /** Undefined when nobody has ever joined it. @throws WeirError NOT_OWNER, INVALID_ARGUMENT. */
  find(name: string): GroupHost | undefined {
    this.#requireOwned(name);
    return this.#hosts.get(name);
  }

  /** @throws WeirError GROUP_NOT_FOUND, NOT_OWNER, INVALID_ARGUMENT. */
  get(name: string): GroupHost {
    const host = this.find(name);
    if (host !== undefined) return host;
    throw new WeirError('GROUP_NOT_FOUND', `nobody has joined a group ${name} yet`);
  }

  /** The group, for somebody who is a member of it or was. @throws WeirError FENCED, NOT_OWNER, INVALID_ARGUMENT. */
  of(name: string, member: Identity): GroupHost {
    const host = this.find(name);
    if (host !== undefined) return host;
    throw new WeirError('FENCED', `group ${name}: member ${member.name} is not in it; join anew`);
  }

  /** The group, made if it is new. @throws WeirError NOT_OWNER, INVALID_ARGUMENT. */
  make(name: string): GroupHost {
    const known = this.find(name);
    if (known !== undefined) return known;
    if (this.#hosts.size >= GROUPS_MAX) {
      throw new WeirError('INVALID_ARGUMENT', `group ${name}: a shard holds at most ${GROUPS_MAX} groups`);
    }
    const host = new GroupHost(name, undefined, this.#parts);
    this.#hosts.set(name, host);
    return host;
  }

  stop(): void {
    for (const host of this.#hosts.values()) host.stop();
  }

  #requireOwned(name: string): void {
    requireName(name, 'a group');
    const slot = slotOfName(name);
    const { slots, shard, epoch } = this.ownership;
    if (slots[slot] === 1) return;
    throw new WeirError('NOT_OWNER', `group ${name} is in slot ${slot}, which ${shard} does not own`, {
      shard,
      epoch,
    });
  }
}

export async function openGroups(options: GroupsOptions): Promise<Groups> {
  const groups = new Groups(options);
  await groups.recover();
  return groups;
}

/** @throws WeirError INVALID_ARGUMENT. */
export function checkedMember(member: GroupMember | undefined): Identity {
  const { name = '', incarnation = '' } = member ?? {};
  requireName(name, 'a member');
  requireName(incarnation, 'an incarnation');
  return { name, incarnation };
}

/** @throws WeirError INVALID_ARGUMENT. */
export function checkedLease(leaseMs: number): number {
  if (leaseMs >= LEASE_MS_MIN && leaseMs <= LEASE_MS_MAX) return leaseMs;
  throw new WeirError('INVALID_ARGUMENT', `lease_ms is ${leaseMs}; ${LEASE_MS_MIN} to ${LEASE_MS_MAX}`);
}
