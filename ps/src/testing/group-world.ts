// A group's state machine in a small world: a disk that takes its time, a network that delays, repeats and reorders, members
// that die and come back, a shard that is restarted at any point. After each action the world checks what must always hold.
import assert from 'node:assert/strict';
import { Group } from '../core/group.ts';
import type { GroupAnswer, GroupEffect, GroupEvent, PersistEffect } from '../core/group-events.ts';
import { reduceParts } from '../core/group-reduce.ts';
import type { GroupState, Identity, ResultHead } from '../core/group-state.ts';
import { runThrough } from '../core/steps.ts';
import { checkMadeOf, contributionOf, GroupPromises, textOf } from './group-promises.ts';

const LEASE_MS = 100;

interface Call {
  readonly event: 'join' | 'renew' | 'leave' | 'contribute';
  readonly member: Identity;
  readonly deadlineMs: number;
}

interface Client {
  readonly member: Identity;
  generation: number;
  nextStep: number;
}

/** Values of an action: each picks one of what there is at that moment. */
export type Action = readonly [kind: number, which: number, amount: number];

export class GroupWorld {
  nowMs = 0;
  #group: Group;
  #calls = 0;
  #incarnations = 0;
  /** What the shard has not answered. */
  readonly #open = new Map<number, Call>();
  #network: { readonly event: GroupEvent; readonly call: Call }[] = [];
  #writes: PersistEffect[] = [];
  #reductions: Extract<GroupEffect, { kind: 'reduce' }>[] = [];
  readonly #clients = new Map<string, Client>();
  #disk: { state: GroupState | undefined; heads: ResultHead[]; values: Map<number, string> } = {
    state: undefined,
    heads: [],
    values: new Map(),
  };
  readonly #promises = new GroupPromises();
  readonly seen = { results: 0, fenced: 0, changed: 0, timeouts: 0, restarts: 0 };

  constructor() {
    this.#group = new Group('g', undefined, [], 0);
  }

  get lastStep(): number {
    return this.#disk.state?.lastStep ?? 0;
  }

  get #durable(): number {
    return this.#disk.state?.generation ?? 0;
  }

  act([kind, which, amount]: Action): void {
    const name = 'abcd'[which % 4]!;
    switch (kind) {
      case 0:
        this.join(name);
        break;
      case 1:
        this.contribute(name, this.nowMs + 1 + (amount % 60));
        break;
      case 2:
        for (const each of this.#clients.keys()) this.contribute(each, this.nowMs + 1 + (amount % 60));
        break;
      case 3:
      case 4:
        this.#deliver(which, amount % 4 === 0);
        break;
      case 5:
        for (let i = 0; i < 4; i++) this.#deliver(which, false);
        break;
      case 6:
        this.advance(amount % 50);
        break;
      case 7:
        this.#send('renew', name, (call, member) => ({
          kind: 'renew',
          call,
          member,
          clock: undefined,
        }));
        break;
      case 8:
        if (amount % 5 === 0) this.#send('leave', name, (call, member) => ({ kind: 'leave', call, member }));
        break;
      case 9:
        this.write();
        break;
      case 10:
        this.reduce();
        break;
      case 11:
        this.#cancel(which);
        break;
      case 12:
        if (amount % 3 === 0) this.restart();
        break;
      default:
        if (amount % 5 === 0) this.#clients.delete(name);
    }
  }

  join(name: string): void {
    const member = { name, incarnation: `${name}${++this.#incarnations}` };
    this.#clients.set(name, { member, generation: 0, nextStep: 0 });
    this.#send('join', name, (call) => ({ kind: 'join', call, member, leaseMs: LEASE_MS }));
  }

  contribute(name: string, deadlineMs: number): void {
    const client = this.#clients.get(name);
    if (client === undefined || client.generation === 0) return;
    const { generation, nextStep: step } = client;
    this.#send(
      'contribute',
      name,
      (call, member) => {
        const contribution = contributionOf(member, generation, step, call);
        return { kind: 'contribute', call, member, generation, step, deadlineMs, contribution };
      },
      deadlineMs,
    );
  }

  deliverAll(): void {
    while (this.#network.length > 0) this.#deliver(0, false);
  }

  advance(byMs: number): void {
    this.nowMs += byMs;
    this.#apply({ kind: 'tick' });
    for (const { event, deadlineMs, member } of this.#open.values()) {
      const late = event === 'contribute' && deadlineMs <= this.nowMs;
      assert(!late, `${member.incarnation} waits past its deadline`);
    }
  }

  /** The disk takes some of what waits for it. */
  write(): void {
    const effect = this.#writes.shift();
    if (effect === undefined) return;
    const { state, result, dropped } = effect;
    this.#disk.state = state;
    for (const { step } of dropped) {
      this.#disk.heads = this.#disk.heads.filter((head) => head.step !== step);
      this.#disk.values.delete(step);
    }
    if (result !== undefined) {
      this.#disk.heads.push(result.head);
      this.#disk.values.set(result.head.step, textOf(result.parts));
      checkMadeOf(result.head, result.parts);
    }
    this.#apply({ kind: 'persisted', version: effect.version });
  }

  reduce(): void {
    const effect = this.#reductions.shift();
    if (effect === undefined) return;
    const parts = runThrough(reduceParts(effect.contributions));
    this.#apply({ kind: 'reduced', reduction: effect.reduction, outcome: { parts } });
  }

  /** kill -9: calls and what was not written are gone; what is in the network may still arrive. */
  restart(): void {
    this.seen.restarts++;
    this.#open.clear();
    this.#writes = [];
    this.#reductions = [];
    this.#group = new Group('g', this.#disk.state, this.#disk.heads, this.nowMs);
  }

  #deliver(which: number, again: boolean): void {
    if (this.#network.length === 0) return;
    const at = which % this.#network.length;
    const { event, call } = this.#network[at]!;
    if (!again) this.#network.splice(at, 1);
    const number = ++this.#calls;
    const deadlineMs =
      call.event === 'contribute' ? Math.max(call.deadlineMs, this.nowMs + 1) : call.deadlineMs;
    this.#open.set(number, { ...call, deadlineMs });
    this.#apply({ ...event, call: number, deadlineMs } as GroupEvent);
  }

  #cancel(which: number): void {
    const calls = [...this.#open.keys()];
    if (calls.length === 0) return;
    const call = calls[which % calls.length]!;
    this.#open.delete(call);
    this.#apply({ kind: 'cancel', call });
  }

  #send(
    event: Call['event'],
    name: string,
    make: (call: number, member: Identity) => GroupEvent,
    deadlineMs = Number.POSITIVE_INFINITY,
  ): void {
    const member = this.#clients.get(name)?.member;
    if (member === undefined) return;
    this.#network.push({ event: make(++this.#calls, member), call: { event, member, deadlineMs } });
  }

  #apply(event: GroupEvent): void {
    for (const effect of this.#group.apply(event, this.nowMs)) {
      if (effect.kind === 'persist') this.#writes.push(effect);
      else if (effect.kind === 'reduce') this.#reductions.push(effect);
      else if (effect.kind === 'reply') this.#answered(effect.call, effect.answer);
      else if (effect.kind === 'changed')
        this.#promises.generation(effect.membership.generation, effect.membership.members, this.#durable);
    }
  }

  #answered(number: number, answer: GroupAnswer): void {
    const call = this.#open.get(number);
    assert(call !== undefined, 'an answer to a call that was answered or given up');
    this.#open.delete(number);
    const { member } = call;
    const client = this.#clients.get(member.name);
    const own = client?.member.incarnation === member.incarnation ? client : undefined;
    switch (answer.kind) {
      case 'membership': {
        const { generation, members, nextStep } = answer.membership;
        this.#promises.generation(generation, members, this.#durable);
        if (own !== undefined && call.event === 'join') Object.assign(own, { generation, nextStep });
        return;
      }
      case 'left':
        return;
      case 'result': {
        const { head } = answer;
        this.#promises.result(answer, member, this.#disk.values.get(head.step));
        this.seen.results++;
        if (own !== undefined) own.nextStep = Math.max(own.nextStep, head.step + 1);
        return;
      }
      case 'error':
        this.#failed(answer, own);
    }
  }

  #failed({ error }: Extract<GroupAnswer, { kind: 'error' }>, own: Client | undefined): void {
    switch (error.code) {
      case 'GROUP_CHANGED':
        this.seen.changed++;
        this.#promises.generation(error.generation!, error.members!, this.#durable);
        if (own !== undefined) own.generation = error.generation!;
        return;
      case 'FENCED':
        this.seen.fenced++;
        if (own !== undefined) this.#clients.delete(own.member.name);
        return;
      case 'BARRIER_TIMEOUT':
        this.seen.timeouts++;
        return;
      case 'STEP_EXPIRED':
      case 'OVERLOADED':
        return;
      default:
        throw error;
    }
  }
}
