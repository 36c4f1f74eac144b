// Loaded into services before they start (`node --import`): writes a line for every instrument that they make, also for those
// that have nothing to tell yet and stand in no scrape.
import { appendFileSync } from 'node:fs';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

export interface RecordedInstrument {
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly unit: string;
  readonly description: string;
}

type Options = { readonly unit?: string; readonly description?: string };

export const INSTRUMENTS_FILE = 'WEIR_TEST_INSTRUMENTS_FILE';
const KINDS = {
  createCounter: 'counter',
  createUpDownCounter: 'gauge',
  createHistogram: 'histogram',
  createGauge: 'gauge',
  createObservableCounter: 'counter',
  createObservableGauge: 'gauge',
  createObservableUpDownCounter: 'gauge',
} as const;

const file = process.env[INSTRUMENTS_FILE];
const { getMeter } = MeterProvider.prototype;
const known = new WeakSet<object>();

MeterProvider.prototype.getMeter = function (...args: Parameters<typeof getMeter>) {
  const meter = getMeter.apply(this, args);
  if (file === undefined || known.has(meter)) return meter;
  known.add(meter);
  const methods = meter as unknown as Record<string, (name: string, options?: Options) => unknown>;
  for (const [method, kind] of Object.entries(KINDS)) {
    const create = methods[method]!.bind(meter);
    methods[method] = (name, options = {}) => {
      const { unit = '', description = '' } = options;
      const service = process.argv[2] ?? '';
      appendFileSync(file, `${JSON.stringify({ service, name, kind, unit, description })}\n`);
      return create(name, options);
    };
  }
  return meter;
};
