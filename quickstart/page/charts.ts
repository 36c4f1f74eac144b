// The curves. Each chart stands in a figure whose caption says in words what its newest points are, for who cannot see it.
import type { Point } from '../src/live/live-look.ts';
import { colour } from './colours.ts';
import { auc, duration, element, loss, percent, whole } from './text.ts';
import uPlot from './uplot.js';

interface Curve {
  readonly name: string;
  /** Name of a CSS variable. */
  readonly colour: string;
  readonly isDashed?: boolean;
  readonly value: (point: Point) => number | null;
}

interface ChartOptions {
  readonly id: string;
  readonly curves: readonly Curve[];
  readonly text: (value: number | null) => string;
  /** Otherwise the axis shows the range of the values. */
  readonly fromZero?: boolean;
}

const HEIGHT_PX = 190;
const AXIS_PX = 58;
const TIME_AXIS_PX = 30;
/** As many as a wide screen can show. */
const POINTS_MAX = 2_000;

const CHARTS: readonly ChartOptions[] = [
  {
    id: 'chart-loss',
    text: loss,
    curves: [
      { name: 'online', colour: '--online', value: ({ online }) => online.logLoss },
      { name: 'frozen', colour: '--frozen', isDashed: true, value: ({ frozen }) => frozen.logLoss },
    ],
  },
  {
    id: 'chart-auc',
    text: auc,
    curves: [
      { name: 'online', colour: '--online', value: ({ online }) => online.auc },
      { name: 'frozen', colour: '--frozen', isDashed: true, value: ({ frozen }) => frozen.auc },
    ],
  },
  {
    id: 'chart-clicks',
    text: percent,
    fromZero: true,
    curves: [
      { name: 'online', colour: '--online', value: ({ clickThrough }) => clickThrough.online },
      {
        name: 'frozen',
        colour: '--frozen',
        isDashed: true,
        value: ({ clickThrough }) => clickThrough.frozen,
      },
    ],
  },
  {
    id: 'chart-samples',
    text: (value) => (value === null ? '–' : `${whole(value)}/s`),
    fromZero: true,
    curves: [{ name: 'samples', colour: '--online', value: ({ samplesPerS }) => samplesPerS }],
  },
  {
    id: 'chart-freshness',
    text: duration,
    fromZero: true,
    curves: [
      { name: 'half within', colour: '--online', value: ({ freshnessP50Ms }) => freshnessP50Ms },
      {
        name: '99 % within',
        colour: '--frozen',
        isDashed: true,
        value: ({ freshnessP99Ms }) => freshnessP99Ms,
      },
    ],
  },
];

export class Charts {
  readonly #charts = CHARTS.map((options) => new Chart(options));
  #points: Point[] = [];

  constructor() {
    new ResizeObserver(() => {
      for (const chart of this.#charts) chart.resize();
    }).observe(element('charts'));
  }

  restart(points: readonly Point[]): void {
    this.#points = [...points];
    this.#show();
  }

  add(point: Point): void {
    const newestS = this.#points.at(-1)?.atS;
    if (newestS !== undefined && point.atS <= newestS) return;
    this.#points.push(point);
    if (this.#points.length > POINTS_MAX) this.#points.shift();
    this.#show();
  }

  recolour(): void {
    for (const chart of this.#charts) chart.make();
    this.#show();
  }

  #show(): void {
    for (const chart of this.#charts) chart.show(this.#points);
  }
}

class Chart {
  readonly #options: ChartOptions;
  readonly #place: HTMLElement;
  readonly #caption: HTMLElement;
  #plot: uPlot | undefined;

  constructor(options: ChartOptions) {
    this.#options = options;
    this.#place = element(options.id);
    this.#caption = element(`${options.id}-text`);
  }

  make(): void {
    const { curves, text, fromZero = false } = this.#options;
    this.#plot?.destroy();
    const axis = {
      stroke: colour('--quiet'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new uPlot(
      {
        width: this.#place.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: {
          x: { time: false },
          y: { range: (_, low, high) => range(fromZero ? 0 : low, high) },
        },
        axes: [
          { ...axis, size: TIME_AXIS_PX, values: (_, values) => values.map((value) => `${value} s`) },
          { ...axis, size: AXIS_PX, values: (_, values) => values.map(text) },
        ],
        series: [
          {},
          ...curves.map((curve) => ({
            label: curve.name,
            stroke: colour(curve.colour),
            width: 2,
            ...(curve.isDashed && { dash: [6, 4] }),
            points: { show: false },
          })),
        ],
      },
      undefined,
      this.#place,
    );
  }

  resize(): void {
    this.#plot?.setSize({ width: this.#place.clientWidth, height: HEIGHT_PX });
  }

  show(points: readonly Point[]): void {
    const { curves, text } = this.#options;
    this.#plot?.setData([points.map(({ atS }) => atS), ...curves.map(({ value }) => points.map(value))]);
    const newest = points.at(-1);
    const words = curves.map(
      ({ name, value }) => `${name} ${text(newest === undefined ? null : value(newest))}`,
    );
    this.#caption.textContent = words.join(', ');
  }
}

/** With room above and below; never of height 0. */
function range(low: number, high: number): uPlot.Range.MinMax {
  const room = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
  return [low === 0 ? 0 : low - room, high + room];
}
