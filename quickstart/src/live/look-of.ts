// One look at the loop, as the page is told it. Pure.
import type { LossAndAuc } from '../figures/service-figures.ts';
import type { SummaryInput } from '../view/summary.ts';
import type { ArmFigures, BarrierLook, LiveLook } from './live-look.ts';

export function liveLook(
  { figures, durationS, requestsTotal }: SummaryInput,
  barriers: readonly BarrierLook[],
): LiveLook {
  const { comparison, served, freshnessP50Ms, freshnessP99Ms } = figures;
  return {
    point: {
      atS: Number(durationS.toFixed(1)),
      online: armOf(comparison?.online ?? served),
      frozen: armOf(comparison?.frozen ?? { log_loss: null, auc: null }),
      samplesPerS: figures.samplesPerS,
      freshnessP50Ms,
      freshnessP99Ms,
    },
    requests: figures.requests,
    requestsTotal,
    events: figures.events,
    samples: figures.samples,
    associationRate: figures.associationRate,
    timeMs: figures.timeMs ?? null,
    freshness: [{ stage: 'event to answer', p50Ms: freshnessP50Ms, p99Ms: freshnessP99Ms }],
    shards: figures.shards.map(({ id, rows, rowsPerS }) => ({ id, rows, updatesPerS: rowsPerS })),
    barriers,
  };
}

const armOf = ({ log_loss, auc }: LossAndAuc): ArmFigures => ({ logLoss: log_loss, auc });
