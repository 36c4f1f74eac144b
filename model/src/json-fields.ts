// Small checks on parsed JSON that say by name what is wrong.
import { WeirError } from '@weir/proto';
import { didYouMean } from './nearest-name.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function wrong(what: string): WeirError {
  return new WeirError('CONFIGURATION', what);
}

export function fieldsOf(json: unknown, what: string, known: readonly string[]): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw wrong(`${what} must be an object`);
  }
  for (const key of Object.keys(json)) {
    if (!known.includes(key)) throw wrong(`${what} has the unknown key "${key}"${didYouMean(key, known)}`);
  }
  return json as Fields;
}

export function listOf(json: unknown, what: string, max: number): readonly unknown[] {
  if (!Array.isArray(json)) throw wrong(`"${what}" must be an array`);
  if (json.length > max) throw wrong(`"${what}" has ${json.length} members; at most ${max}`);
  return json;
}

export function nameOf(json: unknown, what: string): string {
  const name = (json as { name?: unknown } | null)?.name;
  if (typeof name === 'string' && name !== '') return name;
  throw wrong(`a ${what} has no "name": ${JSON.stringify(json)}`);
}

export function oneOf<T extends string>(value: unknown, known: readonly T[], what: string): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  const given = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
  throw wrong(`the ${what} ${given}; it is one of ${known.join(', ')}${didYouMean(String(value), known)}`);
}

export function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
