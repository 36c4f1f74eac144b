// The life of a service process: settings, telemetry, admin port, start, ready line, stop. Owns the process: it ends
// here, with exit code 0 after a clean stop, 1 after a failure, 2 after wrong usage.
import { WeirError } from '@weir/proto';
import { z } from 'zod';
import { openAccess } from './access/access.ts';
import { startAdminServer } from './admin/admin-server.ts';
import { helpText } from './config/help.ts';
import { type LoadedConfig, loadConfig } from './config/load-config.ts';
import { flagOf } from './config/options.ts';
import { ORPHAN_MARGIN_MS } from './limits.ts';
import type { ReadyLine } from './process/ready-line.ts';
import { reportFailure } from './process/report-failure.ts';
import { awaitStopRequest, PARENT_PIPE } from './process/stop-request.ts';
import { tuneGarbageCollector } from './process/tune-garbage-collector.ts';
import { watchParent } from './process/watch-parent.ts';
import { adminConfig, clientConfig, type ServiceDefinition } from './service.ts';
import { createLogger } from './telemetry/log.ts';
import { addLogLevelRoutes } from './telemetry/log-level.ts';
import { startTelemetry, type Telemetry } from './telemetry/start-telemetry.ts';
import { checkListener, type ListenerSecurity } from './tls/listener-security.ts';
import { openSecurity } from './tls/process-security.ts';

export interface RunOptions {
  /** Words after `weir NAME`. */
  readonly argv: readonly string[];
  /** Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Resolves when nothing is left to do (help, printed settings, wrong usage); a started service ends the process. */
export async function runService<C>(definition: ServiceDefinition<C>, options: RunOptions): Promise<void> {
  const { argv, env = process.env } = options;
  const program = `weir ${definition.name}`;
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig({ service: definition.name, schema: definition.config, argv, env });
  } catch (error) {
    process.exitCode = reportFailure(program, error);
    return;
  }
  if (loaded.kind === 'help') process.stdout.write(helpText(definition));
  else if (loaded.kind === 'print') process.stdout.write(`${loaded.text}\n`);
  else await serve(definition, loaded.config as C & Record<string, unknown>, program, env);
}

async function serve<C>(
  definition: ServiceDefinition<C>,
  config: C & Record<string, unknown>,
  program: string,
  env: NodeJS.ProcessEnv,
): Promise<never> {
  const common = z.object({ ...adminConfig, ...clientConfig }).parse(config);
  const id = typeof config.id === 'string' ? config.id : undefined;
  let telemetry: Telemetry | undefined;
  const log = createLogger(definition.name, common.logLevel, id, (line) => telemetry?.logLine(line));
  const die = (error: unknown): never => process.exit(reportFailure(program, error, log));
  // State survives kill -9, so ending at once is safer than going on after the unexpected.
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  tuneGarbageCollector();
  const stop = awaitStopRequest(log, common.shutdownTimeoutMs, env);
  try {
    telemetry = await startTelemetry({
      service: `weir-${definition.name}`,
      instance: id ?? (typeof config.member === 'string' ? config.member : undefined),
      endpoint: common.telemetry,
      env,
      says: log,
    });
    const { metrics } = telemetry;
    const { observeRuntime } = await import('./telemetry/runtime-metrics.ts');
    const stopObserving = observeRuntime();
    const access = await openAccess({ file: common.access, service: definition.name, log });
    access.watch(stop.signal);
    const { listeners, ...opened } = openSecurity(common, log);
    checkListeners(config, listeners);
    const security = { ...opened, listeners: { ...listeners, access } };
    const admin = await startAdminServer({
      listen: common.adminListen,
      security: security.listeners,
      log,
      renderMetrics: () => metrics.render(),
    });
    addLogLevelRoutes(admin, log);
    const runtime = { service: definition.name, log, admin, security, signal: stop.signal };
    const running = await definition.start(config, runtime);
    if (!stop.signal.aborted) {
      admin.setReady(true);
      printReady({
        service: definition.name,
        id: id ?? '',
        listen: running.listen,
        admin: admin.address,
        ready_ms: Math.round(performance.now()),
      });
      if (env[PARENT_PIPE] === '1') watchParent(log, common.shutdownTimeoutMs + ORPHAN_MARGIN_MS);
    }
    await stop.requested;
    admin.setReady(false);
    await running.stop();
    stopObserving();
    security.stop();
    await admin.stop();
    log.info('stopped');
    await telemetry.stop(common.shutdownTimeoutMs / 4);
    return process.exit(0);
  } catch (error) {
    // What a stop cut short in the middle of starting is no failure.
    if (stop.signal.aborted && WeirError.from(error).code === 'CANCELLED') return process.exit(0);
    return die(error);
  }
}

/** Before anything is touched: of every setting that is an address to listen on. */
function checkListeners(config: Record<string, unknown>, security: ListenerSecurity): void {
  for (const [key, value] of Object.entries(config)) {
    if (/listen$/i.test(key) && typeof value === 'string') checkListener(value, `--${flagOf(key)}`, security);
  }
}

function printReady(line: ReadyLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
