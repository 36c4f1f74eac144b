// One generation of the group, as one member trains it: take the partitions over, train again what not every shard has,
// then window after window, until the membership changes, a push is turned away, or the process is to end.
import { WeirError } from '@weir/proto';
import type { Group, Sources } from '@weir/sdk';
import type { StreamsClient } from '@weir/streams/client';
import { CatchUp } from './catch-up.ts';
import type { OffsetRange } from './core/source-cursor.ts';
import type { WindowBuilder } from './core/window.ts';
import { type LearnerContext, type LearnerOptions, type Meeting, runLearner } from './learner.ts';
import { DRAIN_TIMEOUT_MS } from './limits.ts';
import { OffsetCommitter } from './offset-committer.ts';
import type { OperatorState } from './operator-state.ts';
import { SampleIntake } from './sample-intake.ts';
import type { SampleReader } from './sample-reader.ts';
import { takePartitions } from './take-partitions.ts';
import { NoWindows, type WindowSource } from './window-source.ts';

/** What stays the same over the generations. */
export interface GenerationContext {
  readonly learner: LearnerContext;
  readonly streams: StreamsClient;
  readonly sources: Sources;
  readonly state: OperatorState;
  readonly reader: SampleReader;
  readonly newBuilder: () => WindowBuilder;
  /** Undefined: windows wait until they are full. */
  readonly windowTimeoutMs: number | undefined;
  /** The process is to end. */
  readonly signal: AbortSignal;
}

export interface GenerationOptions {
  readonly group: Group;
  readonly generation: number;
  readonly own: readonly number[];
  /** A barrier between windows; false: it was completed in a later generation, and this one is over. */
  readonly hold: (signal: AbortSignal) => Promise<boolean>;
}

export class Generation {
  readonly generation: number;
  readonly own: readonly number[];
  readonly #context: GenerationContext;
  readonly #options: GenerationOptions;
  /** No further window. */
  readonly #ending = new AbortController();
  /** Nor a wait for what is under way. */
  readonly #abandon = new AbortController();
  #source: WindowSource | undefined;
  #meetingDue = false;
  #intake: SampleIntake | undefined;
  #committer: OffsetCommitter | undefined;

  constructor(context: GenerationContext, options: GenerationOptions) {
    this.#context = context;
    this.#options = options;
    this.generation = options.generation;
    this.own = options.own;
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#intake?.waiting ?? 0;
  }

  /** Every sample of its partitions known below it is trained; undefined until it is known. */
  get trainedTimeMs(): number | undefined {
    return this.#committer?.trainedTimeMs;
  }

  /**
   * Returns when the generation is over or the process is to end, with pushes settled or given up: then those that are not
   * applied yet are fenced by whoever takes the partitions over.
   * @throws WeirError FENCED, also when the place in the group is lost; SOURCE_GAP, SOURCE_MIXED: take the partitions again;
   * SOURCE_LOST, and what else waiting cannot help.
   */
  async run(): Promise<void> {
    const { signal } = this.#context;
    const ended = new AbortController();
    const end = () => this.#ending.abort();
    signal.addEventListener('abort', end, { signal: ended.signal });
    if (signal.aborted) end();
    let timer: NodeJS.Timeout | undefined;
    this.#ending.signal.addEventListener('abort', () => {
      timer = setTimeout(() => this.#abandon.abort(), DRAIN_TIMEOUT_MS);
    });
    const watch = this.#watch(ended.signal);
    void this.#watchCalls(ended.signal);
    this.#awaitMeeting();
    try {
      await this.#train();
    } catch (thrown) {
      const error = WeirError.from(thrown);
      // Given up because the generation is over.
      const givenUp = error.code === 'CANCELLED' || error.code === 'OUTCOME_UNKNOWN';
      if (!(this.#ending.signal.aborted && givenUp)) throw error;
    } finally {
      ended.abort();
      clearTimeout(timer);
    }
    const lost = await watch;
    if (lost !== undefined) throw lost;
  }

  /** Ends the generation when the membership changes. Resolves with why the place was lost, if it was. */
  async #watch(signal: AbortSignal): Promise<WeirError | undefined> {
    try {
      for await (const { generation } of this.#options.group.changes({ signal })) {
        if (generation > this.generation) this.#ending.abort();
      }
      return undefined;
    } catch (error) {
      // Whatever is still under way or not committed is the business of others now.
      this.#abandon.abort();
      this.#ending.abort();
      return WeirError.from(error);
    }
  }

  async #train(): Promise<void> {
    const { streams, sources, state, reader, newBuilder, learner } = this.#context;
    const { generation, own } = this.#options;
    const { signal } = this.#ending;
    const { onRetry } = learner;
    if (own.length === 0) return await this.#learn(new NoWindows(signal));
    const taken = await takePartitions({ streams, sources, generation, own, state, onRetry, signal });
    const { catchUp: segments, start, incarnations } = taken;
    const ranges = (list: readonly OffsetRange[]) => ({
      group: sources.group,
      generation,
      ranges: list.map((range) => ({ ...range, incarnation: incarnations.get(range.partition)! })),
    });
    if (segments.length > 0) {
      const builder = newBuilder();
      await this.#learn(new CatchUp({ streams, segments, incarnations, builder, reader, signal }), ranges);
    }
    if (signal.aborted) return;
    this.#committer = new OffsetCommitter({
      streams,
      group: sources.group,
      trainedTimeMs: 0,
      stored: (partition) => state.storedOffset(partition),
      onRetry,
      signal: this.#abandon.signal,
    });
    this.#committer.settle(this.#committer.issue(), start);
    this.#intake = new SampleIntake({
      streams,
      start,
      builder: newBuilder(),
      windowTimeoutMs: this.#context.windowTimeoutMs,
      committer: this.#committer,
      reader,
      signal,
    });
    const reading = this.#intake.run().finally(() => this.#ending.abort());
    const learning = this.#learn(this.#intake, ranges);
    const results = await Promise.allSettled([learning, reading]);
    await this.#committer.flush();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #learn(source: WindowSource, sources: LearnerOptions['sources'] = never): Promise<void> {
    const { learner, state } = this.#context;
    const [ending, abandon] = [this.#ending, this.#abandon.signal];
    const meeting: Meeting = { due: () => this.#meetingDue, hold: () => this.#hold() };
    this.#source = source;
    try {
      await runLearner({ ...learner, source, sources, meeting, state, ending, abandon });
    } catch (thrown) {
      const error = WeirError.from(thrown);
      // Somebody else may commit offsets of these partitions now.
      if (error.code === 'FENCED') this.#abandon.abort();
      throw error;
    }
  }

  /** Another member waits at the barrier. */
  async #watchCalls(signal: AbortSignal): Promise<void> {
    const { group } = this.#options;
    try {
      for await (const _ of group.calledSteps({ signal })) if (group.stepCalled) this.#callMeeting();
    } catch {
      // The place is lost; that is heard beside this.
    }
  }

  #awaitMeeting(): void {
    this.#meetingDue = this.#options.group.stepCalled;
    void this.#context.state.meetingDue()?.then(() => this.#callMeeting());
  }

  #callMeeting(): void {
    this.#meetingDue = true;
    this.#source?.wake();
  }

  async #hold(): Promise<void> {
    const isSame = await this.#options.hold(this.#ending.signal);
    if (isSame) this.#awaitMeeting();
    else this.#ending.abort();
  }
}

const never: LearnerOptions['sources'] = () => {
  throw new Error('a member without partitions has no windows');
};
