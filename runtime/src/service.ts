// What a Weir service is: a name, a schema of its settings, and a way to start it. Everything else is runService's.
import type { Logger } from 'pino';
import { z } from 'zod';
import { accessConfig, clientTokenConfig } from './access/settings.ts';
import type { AdminServer } from './admin/admin-server.ts';
import { SHUTDOWN_TIMEOUT_MS } from './limits.ts';
import { hostPort } from './listen-address.ts';
import { telemetryEndpoint } from './telemetry/endpoint.ts';
import { LOG_LEVELS } from './telemetry/log-level.ts';
import type { ProcessSecurity } from './tls/process-security.ts';
import { clientTlsConfig, serverTlsConfig } from './tls/settings.ts';

export interface Runtime {
  readonly service: string;
  /** JSON lines on stderr. */
  readonly log: Logger;
  readonly admin: AdminServer;
  /** For every listener that it opens, and for every client. */
  readonly security: Pick<ProcessSecurity, 'listeners' | 'clients'>;
  /** Aborted when the stop begins: end long-lived streams, refuse new work. */
  readonly signal: AbortSignal;
}

export interface RunningService {
  /** `host:port` bound; empty if the service listens nowhere. */
  readonly listen: string;
  /** Drains and closes. Called once; all of it has `shutdownTimeoutMs`, then the process ends anyway. */
  stop(): Promise<void>;
}

export interface ServiceDefinition<C> {
  /** The verb: `weir NAME`. */
  readonly name: string;
  readonly summary: string;
  /**
   * Keys in camelCase are flags in kebab-case. `.describe(text)` is the help, `.meta({ secret: true })` redacts,
   * `.meta({ placeholder: 'FILE' })` stands for the value in help. A key `id` is printed in the ready line.
   */
  readonly config: z.ZodObject;
  /** Resolves when the service can do its work. Instruments made by `meter()` count from here on, not before. */
  start(config: C, runtime: Runtime): Promise<RunningService>;
}

export function defineService<S extends z.ZodObject>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly config: S;
  start(config: z.infer<S>, runtime: Runtime): Promise<RunningService>;
}): ServiceDefinition<z.infer<S>> {
  return definition;
}

/** Settings of every process; to be spread into the config of a service that listens nowhere. */
export const adminConfig = {
  adminListen: hostPort()
    .default('127.0.0.1:0')
    .describe('address of /healthz, /readyz, /metrics and JSON routes; port 0: any free one'),
  logLevel: z
    .enum(LOG_LEVELS)
    .default('info')
    .describe('least severe log lines to write; POST /log-level changes it')
    .meta({ placeholder: 'LEVEL' }),
  telemetry: telemetryEndpoint()
    .optional()
    .describe(
      'send traces, metrics and logs to this OTLP endpoint (http/protobuf); default: OTEL_EXPORTER_OTLP_ENDPOINT',
    ),
  shutdownTimeoutMs: z
    .int()
    .positive()
    .default(SHUTDOWN_TIMEOUT_MS)
    .describe('deadline of a stop; then the process ends with exit code 1'),
  ...serverTlsConfig,
  ...accessConfig,
};

/** Settings of a process that calls other services; to be spread into its config. */
export const clientConfig = { ...clientTlsConfig, ...clientTokenConfig };

/** The same with `--listen`; to be spread into a service's config. */
export const listenConfig = {
  listen: hostPort().default('127.0.0.1:0').describe('address to serve on; port 0: any free one'),
  ...adminConfig,
};
