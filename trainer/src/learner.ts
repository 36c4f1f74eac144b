// The loop of learning: pull the rows of a window, predict, sum gradients, push without waiting. At most K pushes are
// unacknowledged when a window is pulled; their number is the staleness of its rows. A window counts in the figures once
// every shard has it, so that one which is turned away and trained elsewhere counts there only.
import type { Model } from '@weir/model';
import type { SourceRanges, Table, Weir } from '@weir/sdk';
import type { CanaryRows } from './canary-rows.ts';
import type { Evaluation } from './core/evaluation/evaluation.ts';
import { learnWindow, type Prediction } from './core/learn-window.ts';
import type { OffsetRange } from './core/source-cursor.ts';
import type { Window } from './core/window.ts';
import { InFlight } from './in-flight.ts';
import type { TrainerMetrics } from './metrics.ts';
import type { OperatorState } from './operator-state.ts';
import { type OnRetry, persist, persistPush } from './retry.ts';
import { type OnRefused, placeOf } from './sample-reader.ts';
import type { ReadyWindow, WindowSource } from './window-source.ts';
import { WindowTrace } from './window-trace.ts';

/** What stays the same over the life of a trainer. */
export interface LearnerContext {
  readonly model: Model;
  readonly weir: Weir;
  /** One per table of the model, in its order. */
  readonly tables: readonly Table[];
  readonly evaluation: Evaluation;
  readonly metrics: TrainerMetrics;
  readonly canaries: CanaryRows;
  /** K. */
  readonly inFlightMax: number;
  readonly onRetry: OnRetry;
  readonly onRefused: OnRefused;
}

export interface LearnerOptions extends LearnerContext {
  readonly source: WindowSource;
  /** Names what a push covers, as the shards know it. */
  readonly sources: (ranges: readonly OffsetRange[]) => SourceRanges;
  readonly meeting: Meeting;
  readonly state: OperatorState;
  /** Aborted from outside, or here when a push fails: no further window begins, pushes are still settled. */
  readonly ending: AbortController;
  /** Gives up pushes that are not settled. */
  readonly abandon: AbortSignal;
}

/** Barriers between windows, with all pushes settled. */
export interface Meeting {
  due(): boolean;
  hold(): Promise<void>;
}

/** Returns when the source has ended. @throws what the first push failed with. In both cases every push is settled. */
export async function runLearner(options: LearnerOptions): Promise<void> {
  const inFlight = new InFlight(options.inFlightMax, () => options.ending.abort());
  const [learned] = await Promise.allSettled([learnAll(options, inFlight)]);
  if (learned.status === 'rejected') options.ending.abort();
  await inFlight.settled();
  // Before what it may have led to: the end of a wait, for instance.
  inFlight.throwIfFailed();
  if (learned.status === 'rejected') throw learned.reason;
}

async function learnAll(options: LearnerOptions, inFlight: InFlight): Promise<void> {
  const { source, meeting, state, ending } = options;
  const meet = async (): Promise<void> => {
    await inFlight.settled();
    if (!ending.signal.aborted) await meeting.hold();
  };
  let next: ReadyWindow | undefined;
  while (!source.ended) {
    if (meeting.due()) await meet();
    else if (next === undefined) {
      if (source.empty) state.waiting();
      next = await source.take();
    } else if (await state.beforeWindow(ending.signal)) {
      await inFlight.room();
      const trace = new WindowTrace(next.window);
      const ready = next;
      const push = await trace.during(() => learn(ready, options, inFlight.size));
      if (push === undefined) return trace.end();
      inFlight.add(trace.during(push).finally(() => trace.end()));
      next = undefined;
    } else await meet();
  }
}

/** Returns the push of what was learned; undefined when the signal came before the rows. */
async function learn(
  ready: ReadyWindow,
  options: LearnerOptions,
  staleness: number,
): Promise<(() => Promise<void>) | undefined> {
  const { model, weir, tables, evaluation, metrics, canaries, onRetry, onRefused } = options;
  const { sources, state, ending, abandon } = options;
  const { window, ranges, again } = ready;
  const rows = await pullRows(window.keys, options, staleness);
  if (rows === undefined || ending.signal.aborted) return undefined;
  const predictions: Prediction[] = [];
  const { parts, dense, rejectedRows, failures } = learnWindow(
    model,
    window,
    rows,
    (prediction) => {
      if (prediction.request.canary === undefined) predictions.push(prediction);
    },
    state.dense,
  );
  const canaryRows = await canaries.of(window, onRetry, ending.signal);
  metrics.computed(window.originTimeMs);
  state.learned(ranges, dense, samplesIn(window));
  return async () => {
    const pushStart = performance.now();
    const gradients = parts.flatMap((part, i) =>
      part.keys.length === 0 ? [] : [{ table: tables[i]!, ...part }],
    );
    const pushOptions = { originTimeMs: window.originTimeMs, sources: sources(ranges), signal: abandon };
    const push = () => weir.push([...gradients, ...canaryRows], pushOptions);
    const { skipped } = await persistPush(push, onRetry, abandon);
    metrics.skipped(skipped);
    const pushedRows = rowsIn(parts.map(({ keys }) => keys));
    metrics.pushed(pushedRows, performance.now() - pushStart, window.originTimeMs);
    if (window.requests.length === 0) metrics.advanced();
    else metrics.learned(window.reason, requestsIn(window), rejectedRows);
    if (again) metrics.caughtUp(samplesIn(window));
    else for (const prediction of predictions) evaluation.add(prediction);
    for (const { request, error } of failures) onRefused('model', placeOf(request), messageOf(error));
    state.acknowledged(ranges);
    ready.acknowledged();
  };
}

/** Undefined when the signal came first. */
async function pullRows(
  keys: ReadyWindow['window']['keys'],
  { tables, metrics, onRetry, ending: { signal } }: LearnerOptions,
  staleness: number,
): Promise<Float32Array[] | undefined> {
  if (signal.aborted) return undefined;
  if (rowsIn(keys) === 0) return tables.map(() => new Float32Array(0));
  const pullStart = performance.now();
  try {
    const pull = () => Promise.all(tables.map((table, i) => table.pull(keys[i]!, { signal })));
    const rows = await persist('pull', pull, onRetry, signal);
    metrics.pulled(rowsIn(keys), performance.now() - pullStart, staleness);
    return rows;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function requestsIn({ requests }: Window): number {
  return requests.reduce((sum, { request }) => sum + (request.canary === undefined ? 1 : 0), 0);
}

function samplesIn({ requests }: Window): number {
  return requests.reduce(
    (sum, { request }) => sum + (request.canary === undefined ? request.docIds.length : 0),
    0,
  );
}

function rowsIn(keys: readonly Uint32Array[]): number {
  return keys.reduce((sum, table) => sum + table.length / 2, 0);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
