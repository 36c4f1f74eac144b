// The live view: one picture of the loop as lines of text, drawn anew every time. Pure.
import type { ShopFigures } from '../shop/shop-traffic.ts';
import { auc, bar, curve, day, duration, loss, percent, whole } from './format.ts';
import type { LiveFigures } from './live-figures.ts';
import { shopLines } from './shop-lines.ts';

export interface FrameInput {
  readonly figures: LiveFigures;
  readonly title: string;
  /** Requests of the whole data set. */
  readonly requestsTotal: number;
  readonly elapsedS: number;
  /** Earlier log losses of the comparison, oldest first: what was served and what the frozen model would have. */
  readonly history: readonly { readonly online: number; readonly frozen: number }[];
  /** Of the scenario `shop`. */
  readonly shop?: ShopFigures | undefined;
  /** Columns of the terminal. */
  readonly columns: number;
}

const BAR_CHARACTERS = 30;
const CURVE_CHARACTERS = 40;

export function frame(input: FrameInput): string[] {
  const { figures } = input;
  const part = figures.requests / input.requestsTotal;
  const lines = [
    `Weir · ${input.title}`,
    '',
    `  ${bar(part, BAR_CHARACTERS)} ${percent(part)}   ${whole(figures.requests)} requests   ${day(figures.timeMs)}   ${input.elapsedS.toFixed(0)} s`,
    '',
    `                       log loss     AUC`,
    `  served so far          ${loss(figures.served.log_loss).padStart(6)}   ${auc(figures.served.auc).padStart(5)}`,
    ...comparisonLines(input),
    '',
    ...(input.shop === undefined ? [] : [...shopLines(input.shop).map((line) => `  ${line}`), '']),
    `  samples ${whole(figures.samples).padStart(9)}   ${whole(figures.samplesPerS)}/s`,
    `  association rate ${percent(figures.associationRate)}   freshness ${duration(figures.freshnessP50Ms)} (99 %: ${duration(figures.freshnessP99Ms)})`,
    '',
    ...figures.shards.map(
      (shard) =>
        `  ${shard.id}   ${whole(shard.rows).padStart(7)} rows   ${whole(shard.rowsPerS).padStart(6)} updates/s`,
    ),
    '',
    '  Ctrl-C ends it',
  ];
  return lines.map((line) => line.slice(0, input.columns));
}

function comparisonLines({ figures, history }: FrameInput): string[] {
  const { comparison } = figures;
  if (comparison === undefined)
    return ['  (a copy of the model will be frozen, and compared from then on)', '', ''];
  const shown = history.slice(-CURVE_CHARACTERS);
  const all = shown.flatMap(({ online, frozen }) => [online, frozen]);
  const draw = (values: number[]) => curve(values, Math.min(...all), Math.max(...all));
  const line = (name: string, { log_loss, auc: area }: typeof comparison.online, values: number[]) =>
    `  ${name.padEnd(22)} ${loss(log_loss).padStart(6)}   ${auc(area).padStart(5)}   ${draw(values)}`;
  return [
    '  since the freeze',
    line(
      '    online',
      comparison.online,
      shown.map(({ online }) => online),
    ),
    line(
      '    frozen',
      comparison.frozen,
      shown.map(({ frozen }) => frozen),
    ),
  ];
}
