// One service's configuration: flag > environment > file > default, validated by the service's zod schema.
// The environment is read here and nowhere deeper.
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { UsageError } from '../usage-error.ts';
import { didYouMean } from './nearest-name.ts';
import { type ConfigOption, configOptions, environmentKey } from './options.ts';
import { parseFlags } from './parse-flags.ts';

export type LoadedConfig =
  | { readonly kind: 'help' }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'config'; readonly config: Record<string, unknown> };

export interface ConfigSource {
  readonly service: string;
  readonly schema: z.ZodObject;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** UsageError if anything is unknown, malformed or missing; the message names the setting and where it stood. */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const options = configOptions(source.schema);
  const flags = parseFlags(source.argv, options);
  if (flags.help) return { kind: 'help' };
  const file = flags.configFile === undefined ? {} : readConfigFile(flags.configFile, options);
  const raw: Record<string, unknown> = {};
  const origins = new Map<string, string>();
  for (const option of options) {
    const found = find(option, source, flags.values, file);
    if (found === undefined) continue;
    raw[option.key] = found.value;
    origins.set(option.key, found.origin);
  }
  const parsed = source.schema.safeParse(raw);
  if (!parsed.success) throw new UsageError(explain(parsed.error, options, origins));
  const config = parsed.data as Record<string, unknown>;
  return flags.printConfig
    ? { kind: 'print', text: JSON.stringify(redacted(config, options), null, 2) }
    : { kind: 'config', config };
}

interface Found {
  readonly value: unknown;
  readonly origin: string;
}

function find(
  option: ConfigOption,
  source: ConfigSource,
  flags: ReadonlyMap<string, string>,
  file: Record<string, unknown>,
): Found | undefined {
  const flag = flags.get(option.key);
  if (flag !== undefined) return fromText(option, flag, `--${option.flag}`);
  const key = environmentKey(option.key);
  for (const name of [`WEIR_${environmentKey(source.service)}_${key}`, `WEIR_${key}`]) {
    const text = source.env[name];
    if (text !== undefined && text !== '') return fromText(option, text, name);
  }
  if (Object.hasOwn(file, option.key))
    return { value: file[option.key], origin: `"${option.key}" in the file` };
  return undefined;
}

function fromText(option: ConfigOption, text: string, origin: string): Found {
  return { value: parseText(option, text, origin), origin };
}

function parseText(option: ConfigOption, text: string, origin: string): unknown {
  switch (option.kind) {
    case 'number': {
      const value = Number(text);
      if (text.trim() === '' || Number.isNaN(value))
        throw new UsageError(`${origin}: "${text}" is not a number`);
      return value;
    }
    case 'boolean':
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      throw new UsageError(`${origin}: "${text}" is neither true nor false`);
    case 'list':
      return text.split(',').filter((part) => part !== '');
    case 'text':
      return text;
  }
}

function readConfigFile(path: string, options: readonly ConfigOption[]): Record<string, unknown> {
  let text: string;
  let content: unknown;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--config ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    content = JSON.parse(text);
  } catch (error) {
    // The parser quotes what it read, which may be a secret.
    const where = /at position \d+(?: \(line \d+ column \d+\))?/.exec(String(error))?.[0] ?? 'at its end';
    throw new UsageError(`--config ${path}: it is not JSON ${where}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new UsageError(`--config ${path}: not a JSON object`);
  }
  const known = options.map((option) => option.key);
  for (const key of Object.keys(content)) {
    if (!known.includes(key)) {
      throw new UsageError(`--config ${path}: unknown key "${key}"${didYouMean(key, known)}`);
    }
  }
  return content as Record<string, unknown>;
}

function explain(error: z.ZodError, options: readonly ConfigOption[], origins: Map<string, string>): string {
  const lines = error.issues.map((issue) => {
    const key = String(issue.path[0] ?? '');
    const option = options.find((candidate) => candidate.key === key);
    const origin = origins.get(key);
    if (origin === undefined && option !== undefined) {
      return `--${option.flag} ${option.placeholder} is required${option.description && ` (${option.description})`}`;
    }
    return `${origin ?? (key || 'configuration')}: ${issue.message}`;
  });
  return [...new Set(lines)].join('; ');
}

function redacted(
  config: Record<string, unknown>,
  options: readonly ConfigOption[],
): Record<string, unknown> {
  const secrets = new Set(options.filter((option) => option.secret).map((option) => option.key));
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, secrets.has(key) ? '(redacted)' : value]),
  );
}
