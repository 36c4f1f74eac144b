// What a zod schema says about each setting: its flag, kind, default, description. The one place that looks inside zod.
import type { z } from 'zod';

export type OptionKind = 'boolean' | 'number' | 'list' | 'text';

export interface ConfigOption {
  /** camelCase, as in the schema and the configuration file. */
  readonly key: string;
  /** kebab-case, without the dashes. */
  readonly flag: string;
  readonly kind: OptionKind;
  readonly choices: readonly string[] | undefined;
  readonly description: string;
  /** undefined: none. */
  readonly defaultValue: unknown;
  readonly required: boolean;
  readonly secret: boolean;
  /** What stands for the value in help, as `HOST:PORT`; from `.meta({ placeholder })` or the kind. */
  readonly placeholder: string;
}

export function configOptions(schema: z.ZodObject): ConfigOption[] {
  return Object.entries(schema.shape).map(([key, field]) => option(key, field as z.ZodType));
}

/** `snapshotIntervalMs` as `snapshot-interval-ms`. */
export function flagOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `snapshotIntervalMs` as `SNAPSHOT_INTERVAL_MS`. */
export function environmentKey(key: string): string {
  return flagOf(key).replaceAll('-', '_').toUpperCase();
}

// The parts of zod's definitions that are read here.
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly entries?: Record<string, string | number>;
}

const WRAPPERS = new Set(['default', 'prefault', 'optional', 'nullable', 'readonly', 'catch', 'nonoptional']);

function option(key: string, field: z.ZodType): ConfigOption {
  let schema: z.ZodType | undefined = field;
  let definition = schema.def as Definition;
  let defaultValue: unknown;
  const meta: Record<string, unknown> = {};
  while (schema !== undefined) {
    definition = schema.def as Definition;
    for (const [name, value] of Object.entries(schema.meta() ?? {})) meta[name] ??= value;
    if (definition.type === 'default' || definition.type === 'prefault') {
      defaultValue ??= definition.defaultValue;
    }
    schema = inner(definition);
  }
  const kind = kindOf(definition.type);
  const choices =
    definition.type === 'enum' && definition.entries !== undefined
      ? Object.values(definition.entries).map(String)
      : undefined;
  return {
    key,
    flag: flagOf(key),
    kind,
    choices,
    description: typeof meta.description === 'string' ? meta.description : '',
    defaultValue,
    required: !field.safeParse(undefined).success,
    secret: meta.secret === true,
    placeholder:
      typeof meta.placeholder === 'string' ? meta.placeholder : (choices?.join('|') ?? PLACEHOLDERS[kind]),
  };
}

const PLACEHOLDERS: Record<OptionKind, string> = { boolean: '', number: 'N', list: 'A,B,...', text: 'TEXT' };

function inner(definition: Definition): z.ZodType | undefined {
  if (WRAPPERS.has(definition.type)) return definition.innerType;
  if (definition.type !== 'pipe') return undefined;
  // z.preprocess() is a pipe out of a transform; .transform() is a pipe into one.
  const first = definition.in;
  return (first?.def as Definition | undefined)?.type === 'transform' ? definition.out : first;
}

function kindOf(type: string): OptionKind {
  switch (type) {
    case 'boolean':
      return 'boolean';
    case 'number':
    case 'int':
      return 'number';
    case 'array':
      return 'list';
    default:
      return 'text';
  }
}
