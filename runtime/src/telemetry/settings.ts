// What of telemetry leaves a process, to where, and which traces: from `--telemetry` and OpenTelemetry's own environment
// variables. Pure. What is not understood is said, and never keeps a service from starting.

export const SIGNALS = ['traces', 'metrics', 'logs'] as const;
export type Signal = (typeof SIGNALS)[number];

export interface SamplerSettings {
  /** A span with a parent is sampled if its parent is. */
  readonly isParentBased: boolean;
  /** Share of the other traces, 0 to 1. */
  readonly ratio: number;
}

export interface TelemetrySettings {
  /** URL of each signal that is sent; at least one. */
  readonly urls: Readonly<Partial<Record<Signal, string>>>;
  readonly sampler: SamplerSettings;
  /** A sentence for each variable that is not understood. */
  readonly notUnderstood: readonly string[];
}

export interface TelemetrySource {
  /** `--telemetry`: base URL for OTLP over HTTP; comes before the environment's. */
  readonly endpoint: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Share of traces that are sampled if the environment does not say. */
  readonly ratio: number;
}

const PROTOCOL = 'http/protobuf';

/** Undefined: nothing is sent. */
export function telemetrySettings(source: TelemetrySource): TelemetrySettings | undefined {
  const { env } = source;
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return undefined;
  const notUnderstood: string[] = [];
  const urls: Partial<Record<Signal, string>> = {};
  for (const signal of SIGNALS) {
    const found = signalUrl(signal, source);
    if (found === undefined) continue;
    if (URL.canParse(found.url)) urls[signal] = found.url;
    else notUnderstood.push(`${found.origin}="${found.url}" is no URL; no ${signal} are sent`);
  }
  const protocol = env.OTEL_EXPORTER_OTLP_PROTOCOL ?? PROTOCOL;
  if (protocol !== PROTOCOL) {
    notUnderstood.push(`OTEL_EXPORTER_OTLP_PROTOCOL="${protocol}": only ${PROTOCOL} is spoken, and used`);
  }
  const sampler = samplerSettings(source, notUnderstood);
  if (Object.keys(urls).length === 0 && notUnderstood.length === 0) return undefined;
  return { urls, sampler, notUnderstood };
}

function signalUrl(
  signal: Signal,
  { endpoint, env }: TelemetrySource,
): { readonly url: string; readonly origin: string } | undefined {
  const name = signal.toUpperCase();
  if (env[`OTEL_${name}_EXPORTER`] === 'none') return undefined;
  const withPath = (base: string): string => `${base.replace(/\/$/, '')}/v1/${signal}`;
  if (endpoint !== undefined) return { url: withPath(endpoint), origin: '--telemetry' };
  const own = `OTEL_EXPORTER_OTLP_${name}_ENDPOINT`;
  if (env[own]) return { url: env[own], origin: own };
  const all = 'OTEL_EXPORTER_OTLP_ENDPOINT';
  return env[all] ? { url: withPath(env[all]), origin: all } : undefined;
}

function samplerSettings({ env, ratio }: TelemetrySource, notUnderstood: string[]): SamplerSettings {
  const usual: SamplerSettings = { isParentBased: true, ratio };
  const name = env.OTEL_TRACES_SAMPLER;
  if (!name) return usual;
  const isParentBased = name.startsWith('parentbased_');
  switch (name.replace('parentbased_', '')) {
    case 'always_on':
      return { isParentBased, ratio: 1 };
    case 'always_off':
      return { isParentBased, ratio: 0 };
    case 'traceidratio':
      return { isParentBased, ratio: samplerRatio(env, notUnderstood) };
    default:
      notUnderstood.push(`OTEL_TRACES_SAMPLER="${name}" is not known; parentbased_traceidratio is used`);
      return usual;
  }
}

/** Without an argument all traces are sampled: that is OpenTelemetry's rule. */
function samplerRatio({ OTEL_TRACES_SAMPLER_ARG: text }: NodeJS.ProcessEnv, notUnderstood: string[]): number {
  if (!text) return 1;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  notUnderstood.push(`OTEL_TRACES_SAMPLER_ARG="${text}" is no share from 0 to 1; every trace is sampled`);
  return 1;
}
