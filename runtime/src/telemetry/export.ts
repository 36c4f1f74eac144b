// Sends what a process says about itself by OTLP over HTTP: loaded only where telemetry is switched on. Spans and log lines
// wait in bounded queues, metrics are read at intervals; beyond a bound they are dropped, and the metrics
// `otel.sdk.processor.*.processed` count them with the reason in `error.type`.
import { context, logs, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { type MetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  LOG_LINES_QUEUED_MAX,
  SPAN_BATCH_MAX,
  SPANS_QUEUED_MAX,
  TELEMETRY_DELAY_MS,
  TELEMETRY_METRICS_INTERVAL_MS,
} from '../limits.ts';
import { emitLogLine } from './log-lines.ts';
import { LogOutlet, MetricOutlet, Outlet, type OutletSays, SpanOutlet } from './outlet.ts';
import { createSampler } from './sampler.ts';
import type { Signal, TelemetrySettings } from './settings.ts';

export interface ExportOptions {
  readonly settings: TelemetrySettings;
  readonly resource: Resource;
  readonly says: OutletSays;
  readonly env: NodeJS.ProcessEnv;
  /** Of one batch, repetitions included; default: the environment's, or 10 s. */
  readonly timeoutMs: number | undefined;
}

export class TelemetryExport {
  /** Undefined if metrics are not sent. */
  readonly metricReader: MetricReader | undefined;
  readonly #options: ExportOptions;
  readonly #outlet: Outlet;
  readonly #providers: { shutdown(): Promise<void> }[] = [];

  constructor(options: ExportOptions) {
    this.#options = options;
    this.#outlet = new Outlet(options.says);
    for (const sentence of options.settings.notUnderstood) options.says.warn(sentence);
    const exporter = this.#exporterOptions('metrics');
    if (exporter !== undefined) {
      const exportIntervalMillis = metricsIntervalMs(options.env);
      this.metricReader = new PeriodicExportingMetricReader({
        exporter: new MetricOutlet(exporter),
        exportIntervalMillis,
      });
    }
  }

  /** Spans and log lines go out from now on. The meter provider must be there: what is dropped is counted by it. */
  start(): void {
    const selfObsMeterProvider = metrics.getMeterProvider();
    const { resource, settings } = this.#options;
    const spans = this.#exporterOptions('traces');
    if (spans !== undefined) {
      const provider = new TracerProvider({
        resource,
        sampler: createSampler(settings.sampler),
        spanProcessors: [
          new BatchSpanProcessor({
            exporter: new SpanOutlet(spans),
            maxQueueSize: SPANS_QUEUED_MAX,
            maxExportBatchSize: SPAN_BATCH_MAX,
            scheduledDelayMillis: TELEMETRY_DELAY_MS,
            selfObsMeterProvider,
          }),
        ],
      });
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      // Trace context alone: baggage would carry whatever a caller puts there, users' ids too, to every process.
      propagation.setGlobalPropagator(new W3CTraceContextPropagator());
      trace.setGlobalTracerProvider(provider);
      this.#providers.push(provider);
    }
    const lines = this.#exporterOptions('logs');
    if (lines !== undefined) {
      const provider = new LoggerProvider({
        resource,
        processors: [
          new BatchLogRecordProcessor({
            exporter: new LogOutlet(lines),
            maxQueueSize: LOG_LINES_QUEUED_MAX,
            scheduledDelayMillis: TELEMETRY_DELAY_MS,
            selfObsMeterProvider,
          }),
        ],
      });
      logs.setGlobalLoggerProvider(provider);
      this.#providers.push(provider);
    }
  }

  /** A line of JSON that was just logged. */
  logLine(line: string): void {
    emitLogLine(line);
  }

  /** Sends what waits. Metrics go with their provider. */
  async stop(): Promise<void> {
    // What cannot be sent has been counted and said.
    await Promise.allSettled(this.#providers.map((provider) => provider.shutdown()));
  }

  #exporterOptions(signal: Signal) {
    const { settings, timeoutMs } = this.#options;
    const url = settings.urls[signal];
    return url === undefined ? undefined : { outlet: this.#outlet, url, timeoutMillis: timeoutMs };
  }
}

function metricsIntervalMs({ OTEL_METRIC_EXPORT_INTERVAL: text }: NodeJS.ProcessEnv): number {
  const interval = Number(text);
  return interval > 0 ? interval : TELEMETRY_METRICS_INTERVAL_MS;
}
