// The text of `weir SERVICE --help`, from the service's schema.
import type { z } from 'zod';
import { type ConfigOption, configOptions, environmentKey } from './options.ts';

export interface HelpSubject {
  readonly name: string;
  readonly summary: string;
  readonly config: z.ZodObject;
}

export function helpText(subject: HelpSubject): string {
  const options = configOptions(subject.config);
  const required = options.filter((option) => option.required);
  const rows = [
    ...options.map((option) => ({ left: usage(option), right: explanation(option) })),
    { left: '--config FILE', right: 'JSON object with settings by their camelCase names' },
    { left: '--print-config', right: 'print the settings in force, secrets redacted, and exit' },
    { left: '--help', right: 'print this and exit' },
  ];
  const width = Math.min(40, Math.max(...rows.map((row) => row.left.length)));
  const example = options[0]?.key ?? 'key';
  const service = environmentKey(subject.name);
  return [
    `weir ${subject.name}: ${subject.summary}`,
    '',
    `Usage: weir ${[subject.name, ...required.map(usage), '[options]'].join(' ')}`,
    '',
    'Options:',
    ...rows.map((row) => `  ${row.left.padEnd(width)}  ${row.right}`),
    '',
    'A setting is taken from its flag, else from the environment',
    `(WEIR_${service}_${environmentKey(example)}, then WEIR_${environmentKey(example)}), else from the --config file, else its default holds.`,
    '',
  ].join('\n');
}

function usage(option: ConfigOption): string {
  if (option.kind === 'boolean')
    return option.defaultValue === true ? `--no-${option.flag}` : `--${option.flag}`;
  // A flag would stand in the list of processes.
  if (option.secret) return `WEIR_${environmentKey(option.key)}=${option.placeholder}`;
  return `--${option.flag} ${option.placeholder}`;
}

function explanation(option: ConfigOption): string {
  const notes = option.required ? '(required)' : defaultNote(option);
  return [option.description, notes].filter((part) => part !== '').join(' ');
}

function defaultNote(option: ConfigOption): string {
  const value = option.defaultValue;
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
  return option.secret || value === false || text === '' ? '' : `(default ${text})`;
}
