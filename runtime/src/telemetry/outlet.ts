// Where telemetry leaves the process. An endpoint that fails costs its batches, which are counted, and one sentence when it
// begins and one when it ends; a signal that the endpoint does not take is not offered again.
import type { ExportResult } from '@opentelemetry/core';
import { ExportResultCode } from '@opentelemetry/core';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { SPAN_BATCH_MAX, SPANS_QUEUED_MAX } from '../limits.ts';
import type { Signal } from './settings.ts';

export interface OutletSays {
  info(message: string): void;
  warn(message: string): void;
}

type Done = (result: ExportResult) => void;

const HTTP_NOT_FOUND = 404;
/** Where collectors take OTLP over gRPC, by convention. */
const GRPC_PORT = '4317';

export class Outlet {
  readonly #says: OutletSays;
  readonly #failing = new Set<Signal>();
  readonly #closed = new Set<Signal>();

  constructor(says: OutletSays) {
    this.#says = says;
  }

  /** Hands a batch to `send`, unless the endpoint takes none of its kind. */
  offer(signal: Signal, url: string, done: Done, send: (done: Done) => void): void {
    if (this.#closed.has(signal)) {
      done({ code: ExportResultCode.FAILED, error: new NotTaken(signal) });
      return;
    }
    send((result) => {
      if (result.code === ExportResultCode.SUCCESS) this.#succeeded(signal);
      else this.#failed(signal, url, result.error);
      done(result);
    });
  }

  #succeeded(signal: Signal): void {
    if (this.#failing.delete(signal) && this.#failing.size === 0) this.#says.info('telemetry is sent again');
  }

  #failed(signal: Signal, url: string, error: Error | undefined): void {
    const place = placeOf(url);
    if (error !== undefined && 'code' in error && error.code === HTTP_NOT_FOUND) {
      this.#closed.add(signal);
      this.#says.info(
        `${place} takes no ${signal}; none are sent any more (OTEL_${signal.toUpperCase()}_EXPORTER=none)`,
      );
      return;
    }
    const isNews = this.#failing.size === 0;
    this.#failing.add(signal);
    if (!isNews) return;
    const hint =
      new URL(url).port === GRPC_PORT ? '; is it the port for gRPC? HTTP is on 4318 as a rule' : '';
    this.#says.warn(
      `telemetry cannot be sent to ${place} (${reasonOf(error)})${hint}; it is dropped, and counted, until it can`,
    );
  }
}

/** Counted under this name. */
class NotTaken extends Error {
  override readonly name = 'not_taken';

  constructor(signal: Signal) {
    super(`the endpoint takes no ${signal}`);
  }
}

/** Without what may be a secret. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function reasonOf(error: Error | undefined): string {
  return error?.message || 'no answer';
}

export interface ExporterOptions {
  readonly outlet: Outlet;
  readonly url: string;
  /** Of one batch, repetitions included; default: the environment's, or 10 s. */
  readonly timeoutMillis: number | undefined;
}

function exporterConfig({ url, timeoutMillis }: ExporterOptions) {
  return { url, ...(timeoutMillis !== undefined && { timeoutMillis }) };
}

export class SpanOutlet extends OTLPTraceExporter {
  readonly #options: ExporterOptions;

  constructor(options: ExporterOptions) {
    // A stop sends all that waits at once.
    super({ ...exporterConfig(options), concurrencyLimit: 1 + Math.ceil(SPANS_QUEUED_MAX / SPAN_BATCH_MAX) });
    this.#options = options;
  }

  override export(...[spans, done]: Parameters<OTLPTraceExporter['export']>): void {
    const { outlet, url } = this.#options;
    outlet.offer('traces', url, done, (then) => super.export(spans, then));
  }
}

export class MetricOutlet extends OTLPMetricExporter {
  readonly #options: ExporterOptions;

  constructor(options: ExporterOptions) {
    super(exporterConfig(options));
    this.#options = options;
  }

  override export(...[batch, done]: Parameters<OTLPMetricExporter['export']>): void {
    const { outlet, url } = this.#options;
    outlet.offer('metrics', url, done, (then) => super.export(batch, then));
  }
}

export class LogOutlet extends OTLPLogExporter {
  readonly #options: ExporterOptions;

  constructor(options: ExporterOptions) {
    super(exporterConfig(options));
    this.#options = options;
  }

  override export(...[lines, done]: Parameters<OTLPLogExporter['export']>): void {
    const { outlet, url } = this.#options;
    outlet.offer('logs', url, done, (then) => super.export(lines, then));
  }
}
