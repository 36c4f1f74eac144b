// What a process tells about itself from its start to its end: metrics always, and where telemetry is switched on, traces,
// metrics and log lines by OTLP. An endpoint that is down, or slow, delays neither start nor work, and a stop by a bounded time.
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPLING_RATIO, TELEMETRY_STOP_MS } from '../limits.ts';
import type { Metrics } from './metrics.ts';
import type { OutletSays } from './outlet.ts';
import type { Identity } from './resource.ts';
import { telemetrySettings } from './settings.ts';

export interface TelemetryOptions extends Identity {
  /** `--telemetry`; default: the environment's. */
  readonly endpoint: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Share of traces sampled if the environment does not say. */
  readonly ratio?: number;
  /** Of one batch, repetitions included; default: the environment's, or 10 s. */
  readonly exportTimeoutMs?: number;
  readonly says: OutletSays;
}

export interface Telemetry {
  /** Whether anything is sent. */
  readonly isSending: boolean;
  readonly metrics: Metrics;
  /** Sends a line of JSON that was just logged. */
  logLine(line: string): void;
  /** Sends what waits, within `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/** Registers the global providers: from now on `meter()` gives instruments that count, and tracers record. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { endpoint, env, ratio = SAMPLING_RATIO, says } = options;
  const settings = telemetrySettings({ endpoint, env, ratio });
  // Imported here: only processes that measure pay for metrics, and only those that send for the rest.
  const { startMetrics } = await import('./metrics.ts');
  if (settings === undefined) {
    const metrics = startMetrics({ reader: undefined });
    return { isSending: false, metrics, logLine: () => {}, stop: () => metrics.stop() };
  }
  const [{ TelemetryExport }, { processResource }] = await Promise.all([
    import('./export.ts'),
    import('./resource.ts'),
  ]);
  const resource = processResource(options);
  const sending = new TelemetryExport({ settings, resource, says, env, timeoutMs: options.exportTimeoutMs });
  const metrics = startMetrics({ resource, reader: sending.metricReader });
  sending.start();
  return {
    isSending: true,
    metrics,
    logLine: (line) => sending.logLine(line),
    async stop(withinMs) {
      const stopped = Promise.all([sending.stop(), metrics.stop()]);
      // What is not sent by then is lost with the process.
      const late = sleep(Math.min(withinMs, TELEMETRY_STOP_MS), undefined, { ref: false });
      await Promise.race([stopped.catch(() => {}), late]);
    },
  };
}
