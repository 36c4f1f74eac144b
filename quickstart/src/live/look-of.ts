// One look at the loop, as the page is told it. Pure.
import type { LossAndAuc } from '../figures/service-figures.ts';
import type { SummaryInput } from '../view/summary.ts';
import type { ArmFigures, BarrierLook, LiveLook, StageFreshness } from './live-look.ts';

export function liveLook(
  { figures, durationS, requestsTotal, shop }: SummaryInput,
  barriers: readonly BarrierLook[],
  stages: readonly StageFreshness[],
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
      clickThrough: {
        online: shop?.online.clickThrough?.value ?? null,
        frozen: shop?.frozen.clickThrough?.value ?? null,
      },
    },
    requests: figures.requests,
    requestsTotal,
    events: figures.events,
    samples: figures.samples,
    associationRate: figures.associationRate,
    timeMs: figures.timeMs ?? null,
    freshness: stages,
    shards: figures.shards.map(({ id, rows, rowsPerS }) => ({ id, rows, updatesPerS: rowsPerS })),
    barriers,
    shop: shop ?? null,
  };
}

const armOf = ({ log_loss, auc }: LossAndAuc): ArmFigures => ({ logLoss: log_loss, auc });
