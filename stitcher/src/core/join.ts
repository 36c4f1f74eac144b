// The join of one partition: features and behaviour in, samples and side records out. A plain function of its
// inputs: within each stream the order counts, between the two it does not (but for `fast`, whose samples leave in
// order of arrival). Wall clock comes in as `nowMs`.
import { crc32 } from 'node:zlib';
import type { BehaviourEvent, FeatureRecord } from '@weir/proto/v1/records';
import { addPositive } from './add-positive.ts';
import { checkBehaviourEvent } from './check-behaviour-event.ts';
import { checkFeatureRecord } from './check-feature-record.ts';
import { type Counters, emptyCounters, type InputStream } from './counters.ts';
import { type Due, dueBetween } from './due.ts';
import { isWatched } from './emissions.ts';
import { Emitter } from './emitter.ts';
import { InputClocks } from './input-clocks.ts';
import type { Input, JoinOptions } from './join-options.ts';
import { emptyJoinState, type JoinState } from './join-state.ts';
import { emptyStep, type JoinStep } from './join-step.ts';
import { canSee, judgeEvent, type Verdict } from './judge-event.ts';
import type { DueGroup } from './label-plan.ts';
import { Ledger } from './ledger.ts';
import { type OpenRequest, openRequest } from './open-request.ts';
import { OpenRequests } from './open-requests.ts';
import type { PendingEvent } from './pending-event.ts';
import { sampleTemplate } from './sample-records.ts';
import type { StreamClock } from './stream-clock.ts';
import { judgeUnmatchedEvents } from './unmatched-events.ts';
import { WaitingEvents } from './waiting-events.ts';

// Fall-back keys, which may find the request, come with a later version.
const NO_SERVING_ID: Verdict = { kind: 'orphan', reason: 'serving_id_missing' };

export class Join {
  readonly options: JoinOptions;
  readonly requests = new OpenRequests();
  readonly waiting = new WaitingEvents();
  /** Windows at whose end something happens: all under `wait`; under `fast` only the last, when requests close. */
  readonly groups: readonly DueGroup[];
  readonly #clocks: InputClocks;
  readonly #ledger: Ledger;
  readonly #emitter: Emitter;
  #firedMs: number;
  #step: JoinStep = emptyStep();
  /** What is not kept in memory, here for one step. */
  readonly #lent = new Map<string, OpenRequest>();
  readonly #lentTemplates = new Map<string, Uint8Array>();

  constructor(options: JoinOptions, state: JoinState = emptyJoinState(options.plan)) {
    const { plan, policy, liveBoundMs } = options;
    this.options = options;
    this.groups = policy === 'wait' ? plan.groups : plan.groups.slice(-1);
    // A state of an older version lacks what was not counted then.
    const uncounted = emptyCounters(plan.labels.map(({ label }) => label));
    this.#ledger = new Ledger({ ...uncounted, ...structuredClone(state.counters) });
    this.#clocks = new InputClocks(liveBoundMs, state.clocks, this.counters);
    this.#emitter = new Emitter(options, this.#ledger.counters, state);
    this.#firedMs = state.firedMs;
  }

  get counters(): Counters {
    return this.#ledger.counters;
  }

  /** Nothing below it follows in either stream. */
  get watermarkMs(): number {
    return this.#clocks.watermarkMs;
  }

  /** Everything due below it has been emitted. */
  get firedMs(): number {
    return this.#firedMs;
  }

  clock(stream: InputStream): StreamClock {
    return this.#clocks[stream];
  }

  state(): JoinState {
    return {
      clocks: this.#clocks.state(),
      firedMs: this.#firedMs,
      ...this.#emitter.state(),
      counters: this.counters,
    };
  }

  find(servingId: string): OpenRequest | undefined {
    return this.requests.find(servingId) ?? this.#lent.get(servingId);
  }

  /** For this step: requests, and templates by serving id, that are only in the store. */
  lend(requests: Iterable<OpenRequest>, templates: Iterable<readonly [string, Uint8Array]>): void {
    for (const request of requests) this.#lent.set(request.servingId, request);
    for (const [servingId, template] of templates) this.#lentTemplates.set(servingId, template);
  }

  /** Precondition: the serving id's request, if it is only in the store, has been lent. */
  features(input: Input<FeatureRecord>, nowMs: number): void {
    const { value, record, trace } = input;
    const reason = record === undefined ? 'undecodable' : checkFeatureRecord(record, value.length);
    if (record === undefined || reason !== undefined) {
      this.#ledger.reject(this.#step, 'features', reason!, value, record);
      return;
    }
    if (this.#emitter.canaryFeatures(this.#step, input)) return;
    const { servingId } = record;
    const arrivalWatermarkMs = this.#clocks.features.watermarkMs;
    const timeMs = this.#clocks.observe('features', record.timeMs, nowMs);
    const ageMs = arrivalWatermarkMs - (timeMs + this.options.plan.windowMaxMs);
    const known = this.find(servingId);
    const contentHash = crc32(value);
    if (ageMs > 0) this.#ledger.lateFeatures(this.#step, servingId, timeMs, ageMs, value);
    else if (known !== undefined) this.#ledger.duplicate('features', known.contentHash !== contentHash);
    else {
      const source = { partition: this.options.partition, offset: input.offset };
      const { template, docIds } = sampleTemplate(record, timeMs, source);
      this.#open(
        openRequest({ servingId, timeMs, arrivalWatermarkMs, contentHash, docIds, template, trace }),
      );
    }
  }

  /** Precondition: the request, if it is only in the store, has been lent; under `fast` its template too. */
  behaviour(input: Input<BehaviourEvent>, nowMs: number): void {
    const { offset, value, record: event, trace } = input;
    const reason = event === undefined ? 'undecodable' : checkBehaviourEvent(event, value.length);
    if (event === undefined || reason !== undefined) {
      this.#ledger.reject(this.#step, 'behaviour', reason!, value, event);
      return;
    }
    if (this.#emitter.canaryBehaviour(this.#step, input)) return;
    const { plan } = this.options;
    const arrivalWatermarkMs = this.#clocks.behaviour.watermarkMs;
    const timeMs = this.#clocks.observe('behaviour', event.timeMs, nowMs);
    const label = plan.labels.findIndex((window) => window.label === event.type);
    const pending: PendingEvent = { offset, value, event, timeMs, arrivalWatermarkMs, label, trace };
    const request = this.find(event.servingId);
    if (label === -1) this.#ledger.ignore('label_not_configured');
    else if (event.servingId === '') this.#ledger.settle(this.#step, pending, NO_SERVING_ID);
    else if (request !== undefined && canSee(request, pending, plan)) this.#judge(request, pending);
    else this.#wait(pending);
  }

  /** What is due below `toMs`, from memory and `cold` (the requests of that range that are only in the store). */
  due(toMs: number, cold: readonly OpenRequest[]): Due[] {
    const asChanged = cold.map((request) => this.#lent.get(request.servingId) ?? request);
    return dueBetween(this.groups, this.requests, asChanged, this.#firedMs, toMs);
  }

  /**
   * Settles everything below `toMs`: samples that are due, events that waited for features, closings.
   * Preconditions: `firedMs < toMs <= watermarkMs`; `due` is `due(toMs)`; under `wait` templates that are not in
   * memory have been lent.
   */
  fire(toMs: number, due: readonly Due[]): void {
    const { plan, policy } = this.options;
    this.#settleUnmatched(toMs);
    for (const { request, group } of due) {
      if (policy === 'wait' && isWatched(request, group)) {
        this.#emitter.due(this.#step, request, group, this.#template(request));
      }
      if (group.windowMs !== plan.windowMaxMs) continue;
      this.counters.openRequests--;
      if (this.requests.has(request)) this.requests.close(request);
    }
    this.#firedMs = toMs;
    this.#emitter.advance(toMs);
  }

  /**
   * Settles events that no features to come can reach, though repeats of them may still come (which then count as
   * further orphans): for when too many wait.
   */
  settleUnreachable(): void {
    this.#settleUnmatched(this.#clocks.features.watermarkMs);
  }

  /** Forgets requests with exposures below this. Precondition: it is at most `firedMs - plan.retentionMs`. */
  forget(belowMs: number): void {
    this.requests.removeBelow(belowMs);
  }

  /** Ends the step: what it has to write. What was lent goes back. */
  takeStep(): JoinStep {
    this.#emitter.sayProgress(this.#step);
    this.#lent.clear();
    this.#lentTemplates.clear();
    const step = this.#step;
    this.#step = emptyStep();
    return step;
  }

  #open(request: OpenRequest): void {
    const { plan, policy } = this.options;
    const template = this.#template(request);
    this.requests.insert(request);
    this.#step.requests.add(request);
    this.#step.templates.set(request, template);
    this.counters.requests++;
    this.counters.openRequests++;
    this.counters.documents += request.docIds.length;
    if (policy === 'fast') this.#emitter.negatives(this.#step, request, template);
    for (const pending of this.waiting.take(request.servingId, (waiting) => canSee(request, waiting, plan))) {
      this.#noLongerWaits(pending);
      this.#judge(request, pending);
    }
  }

  #wait(pending: PendingEvent): void {
    // A copy: the bytes as read are a view that would hold a whole batch in memory.
    const waiting = { ...pending, value: new Uint8Array(pending.value) };
    this.waiting.add(waiting);
    this.#step.waitingAdded.add(waiting);
  }

  #settleUnmatched(belowMs: number): void {
    const unmatched = this.waiting.takeBelow(belowMs);
    for (const pending of unmatched) this.#noLongerWaits(pending);
    for (const [pending, verdict] of judgeUnmatchedEvents(unmatched)) {
      this.#ledger.settle(this.#step, pending, verdict);
    }
  }

  #judge(request: OpenRequest, pending: PendingEvent): void {
    const verdict = judgeEvent(request, pending, this.options.plan);
    this.#ledger.settle(this.#step, pending, verdict);
    if (verdict.kind === 'duplicate') return;
    if (verdict.kind === 'positive') this.#addPositive(request, verdict.sample, pending);
    this.#step.requests.add(request);
    if (this.requests.has(request)) this.requests.changed(request);
  }

  #addPositive(request: OpenRequest, sample: number, pending: PendingEvent): void {
    const { plan, policy } = this.options;
    const positive = addPositive(request, sample, pending, plan);
    if (positive === undefined || policy === 'wait') return;
    this.#emitter.positive(this.#step, request, positive, pending.timeMs, this.#template(request));
  }

  #template(request: OpenRequest): Uint8Array {
    const template = request.template ?? this.#lentTemplates.get(request.servingId);
    if (template === undefined) throw new Error(`template of '${request.servingId}' was not lent`);
    return template;
  }

  #noLongerWaits(pending: PendingEvent): void {
    if (!this.#step.waitingAdded.delete(pending)) this.#step.waitingGone.add(pending);
  }
}
