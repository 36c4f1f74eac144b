// A trainer as a member of its group: joins, meets the others at a barrier whenever the membership has changed, and trains
// the partitions that follow from who was there. What it does under an old generation, or after its place was lost, the
// shards turn away; so it only has to notice in time, never to be right about it.
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/proto';
import type { Runtime } from '@weir/runtime';
import { assignedPartitions, type Group, type GroupDescription, type GroupResult } from '@weir/sdk';
import { Generation, type GenerationContext } from './generation.ts';
import { BARRIER_TIMEOUT_MS, LEAVE_TIMEOUT_MS, RETRY_DELAY_MS } from './limits.ts';
import { persist } from './retry.ts';

export interface GroupTrainerOptions extends GenerationContext {
  readonly member: string;
  readonly leaseMs: number;
  /** Of the samples stream. */
  readonly partitions: number;
  readonly log: Runtime['log'];
}

export class GroupTrainer {
  readonly #options: GroupTrainerOptions;
  /** What the members agreed on last; undefined: they have to meet. */
  #agreed: GroupResult | undefined;
  #generation: Generation | undefined;
  #trainedTimeMs: number | null = 0;

  constructor(options: GroupTrainerOptions) {
    this.#options = options;
  }

  /** Undefined before the first barrier. */
  get generation(): Generation | undefined {
    return this.#generation;
  }

  /** Every sample of its partitions known below it is trained, acknowledged and committed; null: it has no partitions. */
  get trainedTimeMs(): number | null {
    const generation = this.#generation;
    if (generation?.own.length === 0) this.#trainedTimeMs = null;
    else this.#trainedTimeMs = generation?.trainedTimeMs ?? this.#trainedTimeMs ?? 0;
    return this.#trainedTimeMs;
  }

  /**
   * Until the process is to end. A place whose lease expired, because the process stood still, is taken anew.
   * @throws WeirError FENCED when another process has this one's name; SOURCE_LOST, and what else waiting cannot help.
   */
  async run(): Promise<void> {
    const { learner, sources, member, leaseMs, log, signal } = this.#options;
    while (!signal.aborted) {
      const joining = () => learner.weir.group(sources.group, { member, leaseMs, signal });
      const group = await persist('join', joining, learner.onRetry, signal);
      try {
        await this.#trainAsMember(group);
      } catch (thrown) {
        const error = WeirError.from(thrown);
        if (signal.aborted) continue;
        if (error.code === 'SOURCE_LOST') throw withAdvice(error, sources.group);
        if (error.code !== 'FENCED' || (await this.#isNameTaken())) throw error;
        log.warn({ group: group.name, reason: error.message }, 'the lease had expired; joining again');
      } finally {
        // Also after a failure, so that the others need not wait for the lease.
        await group.leave({ timeoutMs: LEAVE_TIMEOUT_MS }).catch(() => {});
      }
    }
  }

  async #trainAsMember(group: Group): Promise<void> {
    const { state, signal } = this.#options;
    state.joined(group);
    this.#agreed = undefined;
    while (!signal.aborted) {
      if (this.#agreed === undefined || this.#agreed.generation < group.generation) {
        this.#agreed = await this.#meet(group, signal);
        continue;
      }
      await this.#trainGeneration(group, this.#agreed);
    }
  }

  async #trainGeneration(group: Group, agreed: GroupResult): Promise<void> {
    const { member, partitions, learner, log, signal } = this.#options;
    const { generation, members } = agreed;
    const own = assignedPartitions(agreed, member, partitions);
    const owners = Object.fromEntries(
      members.map((name) => [name, assignedPartitions(agreed, name, partitions)]),
    );
    log.info({ group: group.name, generation, member, partitions: own, owners }, 'training');
    const hold = async (ending: AbortSignal): Promise<boolean> => {
      this.#agreed = await this.#meet(group, ending);
      return this.#agreed.generation === generation;
    };
    this.#generation = new Generation(this.#options, { group, generation, own, hold });
    try {
      await this.#generation.run();
    } catch (thrown) {
      const error = WeirError.from(thrown);
      if (error.code === 'SOURCE_GAP' || error.code === 'SOURCE_MIXED') {
        learner.metrics.rewound();
        log.warn({ code: error.code, reason: error.message }, 'going back to what the shards have');
        await sleep(RETRY_DELAY_MS, undefined, { signal });
      } else if (error.code === 'FENCED' && (await this.#isOver(generation))) {
        this.#agreed = undefined;
      } else if (error.retryable && !signal.aborted) {
        // The streams were away for longer than the read of a catch-up waits.
        learner.onRetry('catch-up', error);
        await sleep(RETRY_DELAY_MS, undefined, { signal });
      } else {
        throw error;
      }
    }
  }

  /** The barrier, until it is passed: with whoever is a member by then. @throws WeirError FENCED, CANCELLED, ... */
  async #meet(group: Group, signal: AbortSignal): Promise<GroupResult> {
    const { state, learner, log } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      try {
        const options = { timeoutMs: BARRIER_TIMEOUT_MS, signal };
        const result = await group.sync(group.nextStep, state.parts(), options);
        state.adopt(result);
        return result;
      } catch (thrown) {
        const error = WeirError.from(thrown);
        if (error.code === 'GROUP_CHANGED') continue;
        if (!error.retryable || signal.aborted) throw error;
        if (error.code === 'BARRIER_TIMEOUT') {
          log.warn({ group: group.name, missing: error.members }, 'waiting for others at the barrier');
        } else {
          learner.onRetry('barrier', error);
          await sleep(RETRY_DELAY_MS, undefined, { signal });
        }
      }
    }
  }

  async #isOver(generation: number): Promise<boolean> {
    return (await this.#describe()).generation > generation;
  }

  /** After the place was lost: by another process of this name, or, if the group has nobody of it, because the lease expired. */
  async #isNameTaken(): Promise<boolean> {
    const { members } = await this.#describe();
    return members.some(({ name }) => name === this.#options.member);
  }

  #describe(): Promise<GroupDescription> {
    const { learner, sources, signal } = this.#options;
    const describing = () => learner.weir.group(sources.group).describe({ signal });
    return persist('look-up', describing, learner.onRetry, signal);
  }
}

/** Whoever noticed it, the trainer's operator hears what there is to decide. */
function withAdvice(error: WeirError, group: string): WeirError {
  if (error.message.includes('weir source reset')) return error;
  const advice = `weir source reset ${group} forgets what is applied, and trainers begin where they committed last`;
  return new WeirError('SOURCE_LOST', `${error.message}; ${advice}`, { cause: error });
}
