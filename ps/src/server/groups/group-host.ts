// One group at work: its state machine with a clock, a disk and callers. Events go in as they come; effects are done in
// their order; versions are written one after the other, those that wait together.
import { CLOCK_INTERVAL_MS, WeirError } from '@weir/proto';
import { Group } from '../../core/group.ts';
import type { ClockReport } from '../../core/group-clocks.ts';
import { contributionBytes } from '../../core/group-contribution.ts';
import type { CompletedStep, GroupAnswer, GroupEvent, MembershipAnswer } from '../../core/group-events.ts';
import type { Contribution, PartSpec } from '../../core/group-reduce.ts';
import type { Identity, ResultHead } from '../../core/group-state.ts';
import type { GroupMemory, GroupRoom } from './group-memory.ts';
import { reducedInSlices } from './group-reduction.ts';
import { framesOf, storedFrames } from './group-result-frames.ts';
import type { StoredGroup } from './group-store.ts';
import { GroupTimer } from './group-timer.ts';
import { GroupUpload } from './group-upload.ts';
import { GroupWriter, type WriterParts } from './group-writer.ts';
import { PacedCall } from './paced-call.ts';

export interface GroupParts extends WriterParts {
  readonly memory: GroupMemory;
}

export interface SyncCall {
  readonly member: Identity;
  readonly generation: number;
  readonly step: number;
  readonly deadlineMs: number;
}

type Call = Extract<GroupEvent, { call: number }>;
type WithoutNumber<Event> = Event extends unknown ? Omit<Event, 'call'> : never;

export class GroupHost {
  readonly name: string;
  readonly #group: Group;
  readonly #parts: GroupParts;
  readonly #room: GroupRoom;
  readonly #answers = new Map<number, (answer: GroupAnswer) => void>();
  readonly #watchers = new Set<() => void>();
  readonly #tellSigns = new PacedCall(CLOCK_INTERVAL_MS, () => this.#tell());
  /** Contributions whose bytes are coming. */
  readonly #uploads = new Set<readonly PartSpec[]>();
  /** Results on their way, each with how many are sending it. */
  readonly #sending = new Map<CompletedStep, { readonly frames: Uint8Array[]; users: number }>();
  readonly #writer: GroupWriter;
  /** That watchers were told of. */
  #generation: number;
  #calls = 0;
  readonly #timer = new GroupTimer({
    stalled: (byMs) => this.#apply({ kind: 'stalled', byMs }),
    tick: () => this.#apply({ kind: 'tick' }),
  });
  #stopped = false;

  constructor(name: string, stored: StoredGroup | undefined, parts: GroupParts) {
    this.name = name;
    this.#parts = parts;
    this.#room = parts.memory.room();
    this.#writer = new GroupWriter(name, parts, (version) => this.#apply({ kind: 'persisted', version }));
    this.#group = new Group(name, stored?.state, stored?.results ?? [], performance.now());
    this.#generation = this.#group.membership.generation;
    this.#timer.set(this.#group.nextDueMs);
  }

  get group(): Group {
    return this.#group;
  }

  async join(member: Identity, leaseMs: number): Promise<MembershipAnswer> {
    return membershipOf(await this.#ask({ kind: 'join', member, leaseMs }));
  }

  async renew(member: Identity, clock: ClockReport | undefined): Promise<MembershipAnswer> {
    return membershipOf(await this.#ask({ kind: 'renew', member, clock }));
  }

  /** @returns false when it was no member. */
  async leave(member: Identity): Promise<boolean> {
    const answer = await this.#ask({ kind: 'leave', member });
    return answer.kind === 'left' && answer.left;
  }

  /** Whether the call has its answer before any of its bytes are here. */
  isSettled({ member, generation, step }: SyncCall): boolean {
    return this.#group.isSettled(member, generation, step);
  }

  /** Takes room for a contribution that is coming, until `end`. @throws WeirError OVERLOADED, INVALID_ARGUMENT. */
  beginUpload(parts: readonly PartSpec[]): { readonly upload: GroupUpload; end(): void } {
    const largest = Math.max(this.#largestBytes(), contributionBytes({ parts }));
    this.#room.require(this.name, this.#shares(1), largest);
    this.#uploads.add(parts);
    this.#account();
    return {
      upload: new GroupUpload(parts, this.#parts.memory),
      end: () => {
        this.#uploads.delete(parts);
        this.#account();
      },
    };
  }

  /**
   * Waits for the step. Sends the result's messages by `send`.
   * @throws WeirError GROUP_CHANGED, BARRIER_TIMEOUT, FENCED, STEP_EXPIRED, INVALID_ARGUMENT; CANCELLED by the signal.
   */
  async sync(
    call: SyncCall,
    contribution: Contribution,
    signal: AbortSignal,
    send: (frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void> {
    const answer = await this.#ask({ kind: 'contribute', ...call, contribution }, signal);
    if (answer.kind === 'error') throw answer.error;
    if (answer.kind !== 'result') throw new TypeError(`sync was answered with ${answer.kind}`);
    if (answer.completed === undefined) {
      await send(storedFrames(this.#parts.store, this.name, answer.head));
      return;
    }
    const shared = this.#sending.get(answer.completed) ?? { frames: framesOf(answer.completed), users: 0 };
    this.#sending.set(answer.completed, shared);
    shared.users++;
    this.#account();
    try {
      await send(shared.frames);
    } finally {
      if (--shared.users === 0) this.#sending.delete(answer.completed);
      this.#account();
    }
  }

  /** The last completed step that is durable; undefined before the first. */
  latest(): ResultHead | undefined {
    const { nextStep } = this.#group.membership;
    return this.#group.results.find(({ step }) => step === nextStep - 1);
  }

  frames(head: ResultHead): AsyncIterable<Uint8Array> {
    return storedFrames(this.#parts.store, this.name, head);
  }

  /** Calls at every change of the membership or the signs from now on; returns how to end it. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /** Who waits is told that the shard is going. */
  stop(): void {
    this.#stopped = true;
    this.#timer.stop();
    this.#tellSigns.stop();
    this.#writer.stop();
    const error = new WeirError('UNAVAILABLE', 'the shard is stopping');
    for (const answer of this.#answers.values()) answer({ kind: 'error', error });
    this.#answers.clear();
  }

  #ask(event: WithoutNumber<Call>, signal?: AbortSignal): Promise<GroupAnswer> {
    if (this.#stopped) throw new WeirError('UNAVAILABLE', 'the shard is stopping');
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#answers.delete(call);
        this.#apply({ kind: 'cancel', call });
        reject(new WeirError('CANCELLED', 'the caller is gone'));
      };
      this.#answers.set(call, (answer) => {
        signal?.removeEventListener('abort', cancel);
        resolve(answer);
      });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#apply({ ...event, call } as GroupEvent);
    });
  }

  #apply(event: GroupEvent): void {
    const { counters } = this.#parts;
    for (const effect of this.#group.apply(event, performance.now())) {
      switch (effect.kind) {
        case 'reply':
          if (effect.answer.kind === 'error') counters.refused(effect.answer.error.code);
          this.#answers.get(effect.call)?.(effect.answer);
          this.#answers.delete(effect.call);
          break;
        case 'reduce':
          void this.#reduce(effect.reduction, effect.contributions);
          break;
        case 'persist':
          this.#writer.add(effect);
          if (effect.result !== undefined) counters.steps++;
          break;
        case 'changed':
          this.#changed(effect.membership.generation);
          break;
        case 'signs':
          // At most barriers all members come by themselves: nobody need be called.
          if (effect.ofPace) this.#tellSigns.call();
          else this.#tellSigns.soon();
          break;
      }
    }
    this.#account();
    this.#timer.set(this.#group.nextDueMs);
  }

  async #reduce(reduction: number, contributions: readonly Contribution[]): Promise<void> {
    this.#apply({
      kind: 'reduced',
      reduction,
      outcome: await reducedInSlices(this.name, contributions, this.#parts),
    });
  }

  #changed(generation: number): void {
    if (generation === this.#generation) {
      this.#tellSigns.soon();
      return;
    }
    this.#generation = generation;
    this.#parts.counters.changes++;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#watchers) listener();
  }

  #largestBytes(): number {
    const coming = [...this.#uploads].map((parts) => contributionBytes({ parts }));
    return Math.max(this.#group.step.largestBytes, ...coming);
  }

  /** Contributions that there may be at once: one of each member, or more when repeats come while the first still do. */
  #shares(more: number): number {
    return Math.max(this.#group.members.size, this.#group.step.size + this.#uploads.size + more);
  }

  #account(): void {
    const onTheWay = [...this.#sending.keys()].reduce((sum, { head }) => sum + head.bytes, 0);
    this.#room.hold(this.#shares(0), this.#largestBytes(), onTheWay + this.#writer.bytes);
  }
}

function membershipOf(answer: GroupAnswer): MembershipAnswer {
  if (answer.kind === 'membership') return answer;
  if (answer.kind === 'error') throw answer.error;
  throw new TypeError(`a member was answered with ${answer.kind}`);
}
