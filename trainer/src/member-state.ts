// What one trainer keeps beside the rows: the dense part of its model, if it has one, and its pace. A barrier for the dense
// part is due when this trainer has learned so many windows since the last one, when it waits for samples with windows that
// have not been in one for a while, or when a partition of its is in no step yet; another trainer's call brings it there, too.
import type { DenseDefinition } from '@weir/model';
import type { Group, GroupPart, GroupResult } from '@weir/sdk';
import type { AcquiredOffset } from './core/dense-coverage.ts';
import { DenseLearning } from './core/dense-learning.ts';
import type { OffsetRange } from './core/source-cursor.ts';
import { DENSE_WAIT_MS } from './limits.ts';
import type { OperatorState } from './operator-state.ts';
import { StalenessGate } from './staleness-gate.ts';

export interface MemberStateOptions {
  readonly dense: DenseDefinition | undefined;
  /** After which a barrier is due. */
  readonly barrierWindows: number;
  /** That a window may begin ahead of the slowest trainer. */
  readonly stalenessMax: number;
  /** How many windows ahead one began. */
  readonly onBegin: (ahead: number) => void;
}

export class MemberState implements OperatorState {
  readonly learning: DenseLearning | undefined;
  readonly #barrierWindows: number;
  readonly #gate: StalenessGate;
  #due = Promise.withResolvers<void>();
  /** Ends a wait for slower trainers when the members are to meet. */
  #meeting = new AbortController();
  /** There are windows that have not been in a step for so long. */
  #overdue: NodeJS.Timeout | undefined;
  #isOverdue = false;
  #isWaiting = false;

  constructor({ dense, barrierWindows, stalenessMax, onBegin }: MemberStateOptions) {
    this.learning = dense && new DenseLearning(dense);
    this.#barrierWindows = barrierWindows;
    this.#gate = new StalenessGate(stalenessMax, onBegin);
  }

  get dense(): Float32Array | undefined {
    return this.learning?.weights;
  }

  joined(group: Group): void {
    this.#gate.joined(group.pace);
    if (group.lastResult === undefined) this.learning?.clear();
    else this.learning?.adopt(group.lastResult);
    this.#afterStep();
    void this.#followCalls(group);
  }

  parts(): readonly GroupPart[] {
    this.#gate.givenUp();
    return this.learning?.parts() ?? [];
  }

  adopt(result: GroupResult): void {
    this.learning?.adopt(result);
    this.#afterStep();
  }

  acquired(partitions: readonly AcquiredOffset[]): void {
    this.#gate.givenUp();
    this.learning?.acquired(partitions);
    this.#look();
  }

  coveredOffset(partition: number): number | undefined {
    return this.learning?.coverage.offset(partition);
  }

  storedOffset(partition: number): number | undefined {
    return this.learning?.coverage.stored(partition);
  }

  beforeWindow(signal: AbortSignal): Promise<boolean> {
    this.#isWaiting = false;
    return this.#gate.begin(signal, this.#meeting.signal);
  }

  learned(ranges: readonly OffsetRange[], gradient: Float32Array | undefined, samples: number): void {
    const { learning } = this;
    if (learning === undefined) return;
    learning.learned(ranges, gradient, samples);
    if (learning.windows > 0) {
      this.#overdue ??= setTimeout(() => {
        this.#isOverdue = true;
        this.#look();
      }, DENSE_WAIT_MS).unref();
    }
    this.#look();
  }

  acknowledged(): void {
    this.#gate.acknowledged();
  }

  waiting(): void {
    this.#isWaiting = true;
    this.#gate.waiting();
    this.#look();
  }

  meetingDue(): Promise<void> {
    return this.#due.promise;
  }

  #look(): void {
    const { learning } = this;
    if (learning === undefined) return;
    const isFull = learning.windows >= this.#barrierWindows;
    if (isFull || (this.#isOverdue && this.#isWaiting) || learning.coverage.incomplete) this.#due.resolve();
  }

  #afterStep(): void {
    clearTimeout(this.#overdue);
    this.#overdue = undefined;
    this.#isOverdue = false;
    this.#due = Promise.withResolvers<void>();
    this.#meeting = new AbortController();
    this.#look();
  }

  /** Until the place in the group is lost. */
  async #followCalls(group: Group): Promise<void> {
    try {
      for await (const _ of group.calledSteps()) if (group.stepCalled) this.#meeting.abort();
    } catch {
      // The loop of the generation hears of it.
    }
  }
}
