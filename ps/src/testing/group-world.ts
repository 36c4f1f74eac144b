// A group's state machine in a small world: a disk that takes its time, a network that delays, repeats and reorders, members
// that die and come back, a shard that is restarted at any point. After each action the world checks what must always hold.
import assert from 'node:assert/strict';
import { Group } from '../core/group.ts';
import type { GroupAnswer, GroupEffect, GroupEvent, PersistEffect } from '../core/group-events.ts';
import { type Contribution, type ReducedPart, reduceParts } from '../core/group-reduce.ts';
import type { GroupState, Identity, ResultHead } from '../core/group-state.ts';
import { runThrough } from '../core/steps.ts';

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
  /** What anybody was ever told, by step and by generation. */
  readonly #results = new Map<number, string>();
  readonly #generations = new Map<number, string>();
  readonly seen = { results: 0, fenced: 0, changed: 0, timeouts: 0, restarts: 0 };

  constructor() {
    this.#group = new Group('g', undefined, [], 0);
  }

  get lastStep(): number {
    return this.#disk.state?.lastStep ?? 0;
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
        this.#send('renew', name, (call, member) => ({ kind: 'renew', call, member }));
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
      this.#checkResult(result.head, result.parts);
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
      else this.#checkGeneration(effect.membership.generation, effect.membership.members);
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
        this.#checkGeneration(generation, members);
        if (own !== undefined && call.event === 'join') Object.assign(own, { generation, nextStep });
        return;
      }
      case 'left':
        return;
      case 'result': {
        const { head } = answer;
        const text = this.#disk.values.get(head.step);
        assert(text !== undefined, `the result of step ${head.step} was told and is not on the disk`);
        if (answer.completed !== undefined) assert.equal(textOf(answer.completed.parts), text);
        assert.equal(this.#results.get(head.step) ?? text, text, `two results of step ${head.step}`);
        this.#results.set(head.step, text);
        assert(
          head.members.some(({ incarnation }) => incarnation === member.incarnation),
          `${member.incarnation} got a step that it was not part of`,
        );
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
        this.#checkGeneration(error.generation!, error.members!);
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

  /** A generation has one list of members, for ever, and nobody hears of it before it is on the disk. */
  #checkGeneration(generation: number, members: readonly string[]): void {
    const text = members.join();
    assert.equal(this.#generations.get(generation) ?? text, text, `generation ${generation} has two lists`);
    this.#generations.set(generation, text);
    assert((this.#disk.state?.generation ?? 0) >= generation, `generation ${generation} is not on the disk`);
  }

  /** Every member of the generation contributed to this step in this generation, and nobody else. */
  #checkResult(head: ResultHead, parts: readonly ReducedPart[]): void {
    const told = [...new BigUint64Array(parts[0]!.value.slice().buffer)];
    const members = head.members.map(({ incarnation }) => numberOf(incarnation));
    const wanted = members.flatMap((member) => [member, BigInt(head.generation), BigInt(head.step)]);
    assert.deepEqual(told, wanted, 'a result mixes members, generations or steps');
  }
}

function contributionOf(member: Identity, generation: number, step: number, attempt: number): Contribution {
  const own = BigUint64Array.of(numberOf(member.incarnation), BigInt(generation), BigInt(step));
  const drift = Float32Array.of(attempt / 3);
  return {
    parts: [
      { name: 'who', type: 'u64', reduce: 'concat', bytes: own.byteLength },
      { name: 'drift', type: 'f32', reduce: 'mean', bytes: drift.byteLength },
    ],
    values: [new Uint8Array(own.buffer), new Uint8Array(drift.buffer)],
  };
}

function numberOf(incarnation: string): bigint {
  return BigInt(incarnation.slice(1));
}

function textOf(parts: readonly ReducedPart[]): string {
  return parts.map(({ value }) => Buffer.from(value).toString('hex')).join('/');
}
