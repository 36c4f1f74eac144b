// What leaves a join as samples: emissions under either policy, their clock, and progress. The clock never goes back,
// and progress is said only after every record below it.
import type { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { Canaries } from './canaries.ts';
import type { Counters } from './counters.ts';
import { dueEmission, isWatched, negativeEmission, positiveEmission } from './emissions.ts';
import type { Input, JoinOptions } from './join-options.ts';
import type { JoinStep } from './join-step.ts';
import type { DueGroup, LabelPlan } from './label-plan.ts';
import type { OpenRequest, Positive } from './open-request.ts';
import { completeSample, completeSamples } from './sample-records.ts';
import { END_OF_TIME_MS } from './stream-clock.ts';

export class Emitter {
  readonly #plan: LabelPlan;
  readonly #counters: Counters;
  readonly #canaries: Canaries;
  #emissionMs: number;
  #progressMs: number;
  /** An emission of now waits for the clock to move on before a reader may release it. */
  #isPending = false;

  constructor(
    { plan, partition }: JoinOptions,
    counters: Counters,
    state: { emissionMs: number; progressMs: number },
  ) {
    this.#plan = plan;
    this.#counters = counters;
    this.#canaries = new Canaries(partition);
    this.#emissionMs = state.emissionMs;
    this.#progressMs = state.progressMs;
  }

  state(): { emissionMs: number; progressMs: number } {
    return { emissionMs: this.#emissionMs, progressMs: this.#progressMs };
  }

  /** No emission below it follows. */
  advance(toMs: number): void {
    this.#emissionMs = Math.max(this.#emissionMs, toMs);
  }

  /** `wait`: a window of the request has ended. Precondition: emissions come in order of their due times. */
  due(step: JoinStep, request: OpenRequest, group: DueGroup, template: Uint8Array): void {
    const emission = dueEmission(request, group, this.#plan);
    const behind = request.positives.filter(({ label }) => group.labels.includes(label));
    this.#emit(step, completeSamples(template, emission), emission.ingestTimeMs, tracesOf(request, behind));
    this.#countLabelled(request, group);
    if (emission.revision === 0) this.#counters.samples += request.docIds.length;
    for (const { label } of behind) this.#countPositive(label);
  }

  /** `fast`: the request is new. */
  negatives(step: JoinStep, request: OpenRequest, template: Uint8Array): void {
    this.advance(request.timeMs);
    const emission = negativeEmission(request, this.#plan, this.#emissionMs);
    this.#emit(step, completeSamples(template, emission), 0, tracesOf(request, []));
    for (const group of this.#plan.groups) if (isWatched(request, group)) this.#countLabelled(request, group);
    this.#isPending = true;
    request.revision = 1;
    this.#counters.samples += request.docIds.length;
  }

  /** `fast`: a label was heard of, by an event of this time. */
  positive(
    step: JoinStep,
    request: OpenRequest,
    positive: Positive,
    timeMs: number,
    template: Uint8Array,
  ): void {
    this.advance(timeMs);
    const emission = positiveEmission(request, positive, this.#plan, this.#emissionMs);
    const value = completeSample(template, positive.sample, emission);
    this.#emit(step, value, emission.ingestTimeMs, tracesOf(request, [positive]));
    this.#isPending = true;
    request.revision++;
    this.#countPositive(positive.label);
  }

  /** False: the record is none of a canary. Precondition: it is well-formed. */
  canaryFeatures(step: JoinStep, input: Input<FeatureRecord>): boolean {
    return this.#emitCanary(step, this.#canaries.features(input, this.#emissionMs));
  }

  canaryBehaviour(step: JoinStep, input: Input<BehaviourEvent>): boolean {
    return this.#emitCanary(step, this.#canaries.behaviour(input, this.#emissionMs));
  }

  /** To be called last in a step. */
  sayProgress(step: JoinStep): void {
    if (this.#isPending) this.advance(Math.min(this.#emissionMs + 1, END_OF_TIME_MS));
    this.#isPending = false;
    if (this.#emissionMs <= this.#progressMs) return;
    this.#progressMs = this.#emissionMs;
    step.outputs.samples.push({ progressTimeMs: this.#progressMs });
  }

  #emit(step: JoinStep, value: Uint8Array, behaviourMs: number, traces: readonly string[] | undefined): void {
    step.outputs.samples.push(traces === undefined ? { value } : { value, traces });
    if (behaviourMs > 0) step.behaviourMs.push(behaviourMs);
    this.#counters.sampleRecords++;
  }

  /** Known at the emission time of now: a reader releases it when time moves on. */
  #emitCanary(step: JoinStep, values: readonly Uint8Array[] | undefined): boolean {
    for (const value of values ?? []) step.outputs.samples.push({ value });
    return values !== undefined;
  }

  #countLabelled({ docIds }: OpenRequest, { labels }: DueGroup): void {
    for (const label of labels) this.#counters.labelled[this.#plan.labels[label]!.label]! += docIds.length;
  }

  #countPositive(label: number): void {
    this.#counters.positives[this.#plan.labels[label]!.label]!++;
  }
}

function tracesOf({ trace }: OpenRequest, positives: readonly Positive[]): readonly string[] | undefined {
  if (trace === undefined && positives.every((positive) => positive.trace === undefined)) return undefined;
  return [trace, ...positives.map((positive) => positive.trace)].filter((one) => one !== undefined);
}
