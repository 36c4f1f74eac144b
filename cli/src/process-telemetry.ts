// Telemetry of a process that is no service: the driver of a replay, an operator's verb. Where it is not switched on nothing
// is loaded for it.
import { VERB_TELEMETRY_MS } from './limits.ts';

export interface ProcessTelemetryOptions {
  /** `weir-replay`. */
  readonly service: string;
  /** `--telemetry`; undefined: the environment's. */
  readonly endpoint: string | undefined;
  /** Share of traces sampled if the environment does not say; default: a service's. */
  readonly ratio?: number;
  /** One message each: what a person should know. */
  readonly report: (message: string) => void;
}

/** Sends what waits when it is disposed of. */
export async function processTelemetry(options: ProcessTelemetryOptions): Promise<AsyncDisposable> {
  const { endpoint, report, ...rest } = options;
  if (endpoint === undefined && !isInEnvironment()) return { [Symbol.asyncDispose]: async () => {} };
  const { startTelemetry } = await import('@weir/runtime');
  const telemetry = await startTelemetry({
    ...rest,
    instance: undefined,
    endpoint,
    env: process.env,
    // A process that has nothing else to do would wait for repetitions.
    exportTimeoutMs: VERB_TELEMETRY_MS,
    says: { info: () => {}, warn: report },
  });
  return { [Symbol.asyncDispose]: () => telemetry.stop(VERB_TELEMETRY_MS) };
}

/**
 * Runs an operator's verb, under a span of its own where telemetry is switched on. Who calls by hand wants to see the call:
 * all are sampled unless the environment says otherwise.
 * @param run is given what names the span, once the verb is known
 */
export async function runVerb<T>(run: (named: (verb: string) => void) => Promise<T>): Promise<T> {
  const endpoint = process.env.WEIR_TELEMETRY || undefined;
  if (endpoint === undefined && !isInEnvironment()) return await run(() => {});
  const report = (message: string): void => void process.stderr.write(`weir: ${message}\n`);
  await using _ = await processTelemetry({ service: 'weir-cli', endpoint, ratio: 1, report });
  const { activeContext, beginSpan, failSpan, inSpan, WeirError } = await import('@weir/proto');
  const span = beginSpan('weir', activeContext(), { kind: 'INTERNAL' });
  try {
    return await inSpan(span, () => run((verb) => void span.updateName(verb)));
  } catch (error) {
    failSpan(span, WeirError.from(error).code);
    throw error;
  } finally {
    span.end();
  }
}

function isInEnvironment(): boolean {
  return Object.keys(process.env).some((name) => /^OTEL_EXPORTER_OTLP_(\w+_)?ENDPOINT$/.test(name));
}
