// The same figures as one line, where there is no terminal to draw on. Pure.

import type { ShopFigures } from '../shop/shop-traffic.ts';
import { auc, duration, loss, percent, whole } from './format.ts';
import type { LiveFigures } from './live-figures.ts';
import { shopLines } from './shop-lines.ts';

export function plainLine(
  figures: LiveFigures,
  elapsedS: number,
  requestsTotal: number,
  shop?: ShopFigures,
): string {
  const { comparison } = figures;
  const parts = [
    `${elapsedS.toFixed(1)} s`,
    percent(figures.requests / requestsTotal),
    `served log loss ${loss(figures.served.log_loss)} AUC ${auc(figures.served.auc)}`,
    ...(comparison === undefined
      ? []
      : [
          `online ${loss(comparison.online.log_loss)} ${auc(comparison.online.auc)}`,
          `frozen ${loss(comparison.frozen.log_loss)} ${auc(comparison.frozen.auc)}`,
        ]),
    `${whole(figures.samplesPerS)} samples/s`,
    `associated ${percent(figures.associationRate)}`,
    `freshness ${duration(figures.freshnessP50Ms)}`,
    ...(shop?.isShifted ? shopLines(shop) : []),
    figures.shards
      .map(({ id, rows, rowsPerS }) => `${id} ${whole(rows)} rows ${whole(rowsPerS)}/s`)
      .join(', '),
  ];
  return parts.join(' | ');
}
