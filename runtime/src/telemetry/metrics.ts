// The process's meter provider and its text for Prometheus. Loaded only by processes that measure.
import { metrics } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { AggregationType, InstrumentType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

// Of all durations, whatever an instrument advises. Operations of a shard take tens of microseconds; behaviour that waits
// for a label's window is as old as the window.
const DURATION_BUCKETS_S = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
  10, 30, 60, 300, 1_800, 7_200, 86_400,
];

class PullReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export interface Metrics {
  /** Everything measured so far, in Prometheus' text format. */
  render(): Promise<string>;
  stop(): Promise<void>;
}

export interface MetricsOptions {
  /** Who sends them; needed with a reader alone. */
  readonly resource?: Resource;
  /** Reads them too; undefined: they are only rendered. */
  readonly reader: MetricReader | undefined;
}

/** Registers the global meter provider: from now on `meter()` gives instruments that count. */
export function startMetrics({ resource, reader: other }: MetricsOptions): Metrics {
  const reader = new PullReader();
  const provider = new MeterProvider({
    ...(resource !== undefined && { resource }),
    readers: other === undefined ? [reader] : [reader, other],
    views: [
      {
        instrumentName: '*',
        instrumentType: InstrumentType.HISTOGRAM,
        instrumentUnit: 's',
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: DURATION_BUCKETS_S },
        },
      },
    ],
  });
  metrics.setGlobalMeterProvider(provider);
  return {
    async render() {
      // Only who is scraped pays for the serializer.
      const { PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
      const { resourceMetrics } = await reader.collect();
      return new PrometheusSerializer('', false, undefined, true, true).serialize(resourceMetrics);
    },
    async stop() {
      metrics.disable();
      await provider.shutdown();
    },
  };
}
