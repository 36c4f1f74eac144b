// The clocks of a group in a small world: the shard's state machine and the members' clocks as they are, a network that
// delays and loses, a disk that takes its time, a shard that is restarted, members that die. Whenever a window begins the
// world checks how far it is ahead of every member that works.
import assert from 'node:assert/strict';
import type { MemberClock } from '@weir/proto/v1/groups';
import { Group } from '../../ps/src/core/group.ts';
import type { GroupEffect, GroupEvent, PersistEffect } from '../../ps/src/core/group-events.ts';
import type { GroupState, Identity } from '../../ps/src/core/group-state.ts';
import { decodeClock } from '../../ps/src/server/groups/clock-message.ts';
import { type Heard, PaceClock } from '../../sdk/src/pace-clock.ts';

const LEASE_MS = 100;

interface Member {
  readonly identity: Identity;
  readonly clock: PaceClock;
  readonly aheadMax: number;
  joined: boolean;
  /** Of the renewal under way. */
  asked: { readonly call: number; readonly clock: MemberClock | undefined } | undefined;
  /** On their way to it, oldest first. */
  heard: { readonly heard: Heard; readonly call?: number }[];
  begun: number;
  ended: number;
}

export class PaceWorld {
  nowMs = 0;
  readonly members = new Map<string, Member>();
  #group = new Group('g', undefined, [], 0);
  #state: GroupState | undefined;
  #writes: PersistEffect[] = [];
  #network: { readonly event: GroupEvent; readonly life: number }[] = [];
  readonly #calls = new Map<number, Member>();
  #numbers = 0;
  #life = 0;
  readonly seen = { begun: 0, held: 0, tight: 0, restarts: 0, joins: 0, deaths: 0 };

  act(kind: number, which: number, amount: number): void {
    const name = 'abcd'[which % 4]!;
    const member = this.members.get(name);
    if (member === undefined) {
      if (kind % 3 === 0) this.join(name, amount % 4);
      return;
    }
    switch (kind) {
      case 0:
      case 1:
      case 2:
        this.begin(member);
        break;
      case 3:
      case 4:
        this.end(member);
        break;
      case 5:
        if (amount % 3 === 0) member.clock.rest();
        break;
      case 6:
        this.renew(member, amount % 7 === 0);
        break;
      case 7:
        for (let i = amount % 8; i > 0; i--) this.deliver(which);
        break;
      case 8:
        for (let i = amount % 8; i > 0; i--) this.hear(member);
        break;
      case 9:
        for (let i = amount % 4; i > 0; i--) this.write();
        break;
      case 10:
      case 11:
      case 12:
        this.#exchange(member);
        break;
      case 13:
        if (amount % 12 === 0) this.restart();
        break;
      case 14:
        this.advance(amount % 25);
        break;
      default:
        if (amount % 16 === 0) this.kill(name);
    }
  }

  join(name: string, aheadMax: number): Member {
    const identity = { name, incarnation: `${name}${++this.#numbers}` };
    const member: Member = {
      ...{ identity, clock: new PaceClock(), aheadMax },
      ...{ joined: false, asked: undefined, heard: [], begun: 0, ended: 0 },
    };
    this.members.set(name, member);
    this.seen.joins++;
    this.#send(member, (call) => ({ kind: 'join', call, member: identity, leaseMs: LEASE_MS }));
    return member;
  }

  kill(name: string): void {
    if (this.members.delete(name)) this.seen.deaths++;
  }

  begin(member: Member): boolean {
    if (!member.joined) return false;
    member.clock.want(member.aheadMax);
    if (!member.clock.mayBegin) {
      this.seen.held++;
      return false;
    }
    const begun = member.clock.slowest + member.clock.ahead;
    const durable = new Set(this.#state?.members.map(({ incarnation }) => incarnation));
    for (const other of this.members.values()) {
      if (!other.clock.works || !durable.has(other.identity.incarnation)) continue;
      const ahead = begun - other.clock.clock;
      const text = `${member.identity.incarnation} is ${ahead} ahead of ${other.identity.incarnation}`;
      assert(ahead <= member.aheadMax, `${text}, at most ${member.aheadMax}`);
      if (other !== member && ahead === member.aheadMax) this.seen.tight++;
    }
    member.clock.begin();
    member.begun++;
    this.seen.begun++;
    return true;
  }

  end(member: Member): void {
    if (member.begun === member.ended) return;
    member.ended++;
    member.clock.end();
  }

  /** @param again gives up the one under way: its answer will not be looked at. */
  renew(member: Member, again: boolean): void {
    if (!member.joined || (member.asked !== undefined && !again)) return;
    if (member.asked !== undefined) member.clock.forget();
    const clock = member.clock.report();
    const { identity } = member;
    const call = this.#send(member, (number) => ({
      ...{ kind: 'renew', call: number, member: identity },
      clock: clock && decodeClock(clock),
    }));
    member.asked = { call, clock };
  }

  deliver(which: number): void {
    const at = which % Math.max(1, this.#network.length);
    const [sent] = this.#network.splice(at, 1);
    // A connection to a shard that was killed brings nothing to its successor.
    if (sent !== undefined && sent.life === this.#life) this.#apply(sent.event);
  }

  hear(member: Member): void {
    const next = member.heard.shift();
    if (next === undefined) return;
    const { heard, call } = next;
    if (call === undefined) member.clock.heard(heard);
    else if (call === member.asked?.call) {
      member.clock.heard(heard, member.asked.clock);
      member.asked = undefined;
    }
  }

  write(): void {
    const effect = this.#writes.shift();
    if (effect === undefined) return;
    this.#state = effect.state;
    this.#apply({ kind: 'persisted', version: effect.version });
  }

  advance(byMs: number): void {
    this.nowMs += byMs;
    this.#apply({ kind: 'tick' });
  }

  restart(): void {
    this.seen.restarts++;
    this.#life++;
    this.#writes = [];
    this.#calls.clear();
    this.#group = new Group('g', this.#state, [], this.nowMs);
    for (const member of this.members.values()) {
      if (!member.joined) this.members.delete(member.identity.name);
      // An answer that was sent arrives; the other calls fail.
      if (member.heard.every(({ call }) => call === undefined)) member.asked = undefined;
      member.clock.forget();
    }
  }

  /** All that is on its way arrives, and all that has something to tell tells it. */
  settle(): void {
    for (let round = 0; round < 6; round++) {
      for (const member of this.members.values()) this.renew(member, true);
      for (let i = 0; i < 4; i++) {
        while (this.#network.length > 0) this.deliver(0);
        while (this.#writes.length > 0) this.write();
      }
      for (const member of this.members.values()) while (member.heard.length > 0) this.hear(member);
    }
  }

  /** One member is heard, and hears what there is. */
  #exchange(member: Member): void {
    this.renew(member, false);
    while (this.#network.length > 0) this.deliver(0);
    while (this.#writes.length > 0) this.write();
    while (member.heard.length > 0) this.hear(member);
  }

  #send(member: Member, make: (call: number) => GroupEvent): number {
    const call = ++this.#numbers;
    this.#calls.set(call, member);
    this.#network.push({ event: make(call), life: this.#life });
    return call;
  }

  #apply(event: GroupEvent): void {
    for (const effect of this.#group.apply(event, this.nowMs)) this.#done(effect);
  }

  #done(effect: GroupEffect): void {
    if (effect.kind === 'persist') this.#writes.push(effect);
    if (effect.kind === 'changed' || effect.kind === 'signs') {
      const { slowest } = this.#group.signs;
      for (const { heard } of this.members.values()) heard.push({ heard: { slowest } });
    }
    if (effect.kind !== 'reply') return;
    const member = this.#calls.get(effect.call);
    this.#calls.delete(effect.call);
    if (member === undefined) return;
    const { answer } = effect;
    if (answer.kind === 'error') {
      const current = this.members.get(member.identity.name);
      if (current === member) this.members.delete(member.identity.name);
    }
    if (answer.kind !== 'membership') return;
    member.joined = true;
    const { slowest } = this.#group.signs;
    member.heard.push({ heard: { slowest, clock: answer.clock }, call: effect.call });
  }
}
