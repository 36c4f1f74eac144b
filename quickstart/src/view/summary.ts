// What `weir dev` says at its end, as text and as the one line of JSON. Pure.
import type { LossAndAuc } from '../figures/service-figures.ts';
import type { Estimate } from '../shop/click-through.ts';
import type { ShopFigures } from '../shop/shop-traffic.ts';
import { auc, duration, loss, percent, whole } from './format.ts';
import type { LiveFigures } from './live-figures.ts';
import { shopLines } from './shop-lines.ts';

/** The line that `weir dev --json` ends with. */
export interface DevOutput {
  /** From the command's start to the first log loss of something served; null: it never came so far. */
  readonly first_figures_s: number | null;
  /** What was served since the freeze; before it, since the start. */
  readonly online: LossAndAuc;
  /** What the frozen model would have served on the same documents. */
  readonly frozen: LossAndAuc;
  readonly samples: number;
  readonly duration_s: number;
  /** Only if there were any: `frozen` is then not one copy, or began later than said. */
  readonly predictor_restarts?: number;
  /** Of the scenario `shop`, since its season changed. */
  readonly click_through?: ClickThroughOutput;
}

export interface ClickThroughOutput {
  readonly online: Estimate | null;
  readonly frozen: Estimate | null;
  readonly ahead: Estimate | null;
  /** From the change until the online arm was ahead for good. */
  readonly ahead_after_s: number | null;
  readonly since_shift_s: number;
}

export interface SummaryInput {
  readonly figures: LiveFigures;
  readonly firstFiguresS: number | null;
  readonly durationS: number;
  readonly requestsTotal: number;
  /** How often the predictor was started again: each time its frozen copy is lost, and a later one is taken. */
  readonly predictorRestarts: number;
  /** Of the scenario `shop`. */
  readonly shop?: ShopFigures | undefined;
}

export function devOutput({
  figures,
  firstFiguresS,
  durationS,
  predictorRestarts,
  shop,
}: SummaryInput): DevOutput {
  return {
    first_figures_s: firstFiguresS,
    online: lossAndAuc(figures.comparison?.online ?? figures.served),
    frozen: lossAndAuc(figures.comparison?.frozen ?? { log_loss: null, auc: null }),
    samples: figures.samples,
    duration_s: Number(durationS.toFixed(3)),
    ...(predictorRestarts > 0 && { predictor_restarts: predictorRestarts }),
    ...(shop !== undefined && { click_through: clickThroughOutput(shop) }),
  };
}

function clickThroughOutput(shop: ShopFigures): ClickThroughOutput {
  return {
    online: shop.online.clickThrough,
    frozen: shop.frozen.clickThrough,
    ahead: shop.ahead,
    ahead_after_s: shop.aheadAfterS,
    since_shift_s: shop.sinceShiftS,
  };
}

export function summary({
  figures,
  durationS,
  requestsTotal,
  predictorRestarts,
  shop,
}: SummaryInput): string[] {
  const { comparison } = figures;
  const whatWasSeen =
    figures.requests < requestsTotal
      ? `${percent(figures.requests / requestsTotal)} of the data set`
      : 'the whole data set';
  return [
    `${whatWasSeen} in ${durationS.toFixed(1)} s: ${whole(figures.requests)} requests ranked, ${whole(figures.events)} events, ${whole(figures.samples)} samples`,
    `served: log loss ${loss(figures.served.log_loss)}, AUC ${auc(figures.served.auc)}`,
    ...(comparison === undefined
      ? []
      : [
          `since the freeze: online log loss ${loss(comparison.online.log_loss)}, AUC ${auc(comparison.online.auc)}; ` +
            `frozen ${loss(comparison.frozen.log_loss)}, ${auc(comparison.frozen.auc)}`,
        ]),
    ...(shop === undefined ? [] : shopLines(shop)),
    ...(predictorRestarts === 0
      ? []
      : [
          `the predictor was started again (restarts: ${predictorRestarts}): a frozen copy that it held is lost, the next is taken later`,
        ]),
    `association rate ${percent(figures.associationRate)}, freshness ${duration(figures.freshnessP50Ms)} (99 %: ${duration(figures.freshnessP99Ms)})`,
    `rows: ${figures.shards.map(({ id, rows }) => `${id} ${whole(rows)}`).join(', ')}`,
  ];
}

const lossAndAuc = ({ log_loss, auc: area }: LossAndAuc): LossAndAuc => ({ log_loss, auc: area });
