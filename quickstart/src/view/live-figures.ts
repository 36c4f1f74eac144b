// What is shown of a running loop, and the rates between two looks at it. Pure.
import type { LossAndAuc, ServiceFigures } from '../figures/service-figures.ts';
import type { ReplayProgress } from '../replay/replay.ts';

/** One look: what driver and services said at `atMs` (monotonic). */
export interface Look {
  readonly atMs: number;
  readonly progress: ReplayProgress;
  readonly figures: ServiceFigures;
}

export interface ShardLine {
  readonly id: string;
  readonly rows: number;
  readonly rowsPerS: number;
}

export interface LiveFigures {
  readonly requests: number;
  readonly events: number;
  readonly samples: number;
  readonly samplesPerS: number;
  /** Of the events, those that found their request in time; null before the first event. */
  readonly associationRate: number | null;
  readonly freshnessP50Ms: number | null;
  readonly freshnessP99Ms: number | null;
  /** What was served since the start. */
  readonly served: LossAndAuc;
  /** What was served since the freeze, and what the frozen model would have served there; undefined before it. */
  readonly comparison: { readonly online: LossAndAuc; readonly frozen: LossAndAuc } | undefined;
  /** Event time of the newest record. */
  readonly timeMs: number | undefined;
  readonly shards: readonly ShardLine[];
}

const NOTHING: LossAndAuc = { log_loss: null, auc: null };

/** @param before an earlier look; undefined: none, rates are since the start */
export function liveFigures(label: string, before: Look | undefined, now: Look): LiveFigures {
  const { progress, figures } = now;
  const seconds = before === undefined ? progress.durationMs / 1000 : (now.atMs - before.atMs) / 1000;
  const rate = (from: number, to: number): number => (seconds > 0 ? Math.max(0, to - from) / seconds : 0);
  const learned = figures.labels.get(label);
  const frozen = learned?.frozen;
  return {
    requests: progress.requests,
    events: progress.events,
    samples: progress.samples,
    samplesPerS: rate(before?.progress.samples ?? 0, progress.samples),
    associationRate:
      progress.events === 0
        ? null
        : Math.max(0, progress.events - figures.orphans - figures.late) / progress.events,
    freshnessP50Ms: figures.freshnessP50Ms,
    freshnessP99Ms: figures.freshnessP99Ms,
    served: learned?.served ?? NOTHING,
    comparison:
      frozen?.frozen.log_loss == null ? undefined : { online: frozen.served, frozen: frozen.frozen },
    timeMs: progress.timeMs,
    shards: figures.shards.map(({ id, rows, pushRows }) => ({
      id,
      rows,
      rowsPerS: rate(before?.figures.shards.find((shard) => shard.id === id)?.pushRows ?? 0, pushRows),
    })),
  };
}
