// The members of a group and their leases. A member is a name; the process behind it an incarnation, and one that has lost
// its place does not get it back.
import { GROUP_MEMBERS_MAX } from '@weir/proto';
import type { Identity, LeasedMember } from './group-state.ts';
import { FENCED_MAX } from './limits.ts';

interface Member extends LeasedMember {
  expiresMs: number;
}

export class GroupMembers {
  /** In the order of names, by UTF-16 code units: the same wherever it is computed. */
  #members: Member[];
  #fenced: string[];

  /** Leases begin now. */
  constructor(members: readonly LeasedMember[], fenced: readonly string[], nowMs: number) {
    this.#members = members.map((member) => ({ ...member, expiresMs: nowMs + member.leaseMs }));
    this.#fenced = [...fenced];
  }

  get size(): number {
    return this.#members.length;
  }

  get names(): string[] {
    return this.#members.map(({ name }) => name);
  }

  get list(): readonly LeasedMember[] {
    return this.#members.map(({ name, incarnation, leaseMs }) => ({ name, incarnation, leaseMs }));
  }

  get fenced(): readonly string[] {
    return this.#fenced;
  }

  /** When the next lease expires. */
  get nextExpiryMs(): number {
    return Math.min(...this.#members.map(({ expiresMs }) => expiresMs), Number.POSITIVE_INFINITY);
  }

  has(member: Identity): boolean {
    return this.#find(member) !== undefined;
  }

  /** Takes the place of another incarnation of the same name. */
  join(member: Identity, leaseMs: number, nowMs: number): 'joined' | 'known' | 'fenced' | 'full' {
    if (this.renew(member, nowMs)) return 'known';
    if (this.#fenced.includes(member.incarnation)) return 'fenced';
    const others = this.#members.filter(({ name }) => name !== member.name);
    if (others.length >= GROUP_MEMBERS_MAX) return 'full';
    this.#fence(this.#members.filter(({ name }) => name === member.name));
    const { name, incarnation } = member;
    others.push({ name, incarnation, leaseMs, expiresMs: nowMs + leaseMs });
    this.#members = others.sort((a, b) => (a.name < b.name ? -1 : 1));
    return 'joined';
  }

  /** @returns false when it is no member. */
  renew(member: Identity, nowMs: number): boolean {
    const found = this.#find(member);
    if (found === undefined) return false;
    found.expiresMs = nowMs + found.leaseMs;
    return true;
  }

  /** @returns false when it was no member. */
  leave(member: Identity): boolean {
    const found = this.#find(member);
    if (found === undefined) {
      this.#fence([member]);
      return false;
    }
    this.#remove([found]);
    return true;
  }

  /** @returns whether a lease had expired. */
  expire(nowMs: number): boolean {
    const expired = this.#members.filter(({ expiresMs }) => expiresMs <= nowMs);
    this.#remove(expired);
    return expired.length > 0;
  }

  prolong(byMs: number): void {
    for (const member of this.#members) member.expiresMs += byMs;
  }

  leaseLeftMs(member: Identity, nowMs: number): number {
    return Math.max(0, (this.#find(member)?.expiresMs ?? nowMs) - nowMs);
  }

  #find({ name, incarnation }: Identity): Member | undefined {
    return this.#members.find((member) => member.name === name && member.incarnation === incarnation);
  }

  #remove(gone: readonly Member[]): void {
    this.#fence(gone);
    this.#members = this.#members.filter((member) => !gone.includes(member));
  }

  #fence(gone: readonly Identity[]): void {
    const added = gone.map(({ incarnation }) => incarnation).filter((each) => !this.#fenced.includes(each));
    this.#fenced = [...this.#fenced, ...added].slice(-FENCED_MAX);
  }
}
