// The loop of learning: pull the rows of a window, predict and evaluate, sum gradients, push without waiting. At most
// K pushes are unacknowledged when a window is pulled; their number is the staleness of its rows.
import type { Model } from '@weir/model';
import type { Table, Weir } from '@weir/sdk';
import type { Evaluation } from './core/evaluation/evaluation.ts';
import { learnWindow } from './core/learn-window.ts';
import { InFlight } from './in-flight.ts';
import type { TrainerMetrics } from './metrics.ts';
import type { OffsetCommitter } from './offset-committer.ts';
import { type OnRetry, persist, persistPush } from './retry.ts';
import type { ReadyWindow, SampleIntake } from './sample-intake.ts';

export interface LearnerOptions {
  readonly model: Model;
  readonly weir: Weir;
  /** One per table of the model, in its order. */
  readonly tables: readonly Table[];
  readonly intake: SampleIntake;
  readonly committer: OffsetCommitter;
  readonly evaluation: Evaluation;
  readonly metrics: TrainerMetrics;
  /** K. */
  readonly inFlightMax: number;
  readonly onRetry: OnRetry;
  /** Ends pulls and begins no further window; pushes are still settled. */
  readonly signal: AbortSignal;
}

/** Returns when the intake has ended and every push is settled. @throws as soon as a push fails for good. */
export async function runLearner(options: LearnerOptions): Promise<void> {
  const inFlight = new InFlight(options.inFlightMax);
  await Promise.race([learnAll(options, inFlight), inFlight.failed]);
}

async function learnAll(options: LearnerOptions, inFlight: InFlight): Promise<void> {
  for (;;) {
    const ready = await options.intake.take();
    if (ready === undefined) break;
    await inFlight.room();
    const push = await learn(ready, options, inFlight.size);
    if (push === undefined) break;
    inFlight.add(push());
  }
  await inFlight.settled();
}

/** Returns the push of what was learned; undefined when the signal came before the rows. */
async function learn(
  { window, ticket }: ReadyWindow,
  options: LearnerOptions,
  staleness: number,
): Promise<(() => Promise<void>) | undefined> {
  const { model, weir, tables, committer, evaluation, metrics, onRetry, signal } = options;
  const pullStart = performance.now();
  let rows: Float32Array[];
  try {
    const pull = () => Promise.all(tables.map((table, i) => table.pull(window.keys[i]!, { signal })));
    rows = await persist('pull', pull, onRetry, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
  metrics.pulled(rowsIn(window.keys), performance.now() - pullStart, staleness);
  const { parts, rejectedRows } = learnWindow(model, window, rows, (prediction) =>
    evaluation.add(prediction),
  );
  metrics.learned(window.reason, window.requests.length, rejectedRows);
  return async () => {
    const pushStart = performance.now();
    const gradients = parts.map((part, i) => ({ table: tables[i]!, ...part }));
    await persistPush(() => weir.push(gradients, { originTimeMs: window.originTimeMs }), onRetry);
    metrics.pushed(rowsIn(parts.map(({ keys }) => keys)), performance.now() - pushStart);
    committer.settle(ticket, window.positions);
  };
}

function rowsIn(keys: readonly Uint32Array[]): number {
  return keys.reduce((sum, table) => sum + table.length / 2, 0);
}
