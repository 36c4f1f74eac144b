// JSON from a service's admin port, with fields read by type: another version's answer is an error, not a NaN.
import { WeirError } from '@weir/proto';
import { ADMIN_TIMEOUT_MS } from '../limits.ts';

export type Json = Readonly<Record<string, unknown>>;

/** @throws WeirError UNAVAILABLE naming the address when it does not answer with an object. */
export async function adminJson(address: string, path: string): Promise<Json> {
  const url = `http://${address}${path}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ADMIN_TIMEOUT_MS) });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`status ${response.status}`);
    if (isObject(body)) return body;
    throw new Error('the answer is no object');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WeirError('UNAVAILABLE', `${url}: ${why}`, { cause: error });
  }
}

/** @throws WeirError INTERNAL when the field is no number. */
export function count(json: Json, name: string): number {
  const value = json[name];
  if (typeof value === 'number') return value;
  throw new WeirError('INTERNAL', `a service's figures have no number ${name}`);
}

/** Null where it is undefined: nothing was measured. */
export function figure(json: Json, name: string): number | null {
  const value = json[name];
  return typeof value === 'number' ? value : null;
}

/** Empty where there is none. */
export function part(json: Json, name: string): Json {
  const value = json[name];
  return isObject(value) ? value : {};
}

/** The sum of a record of counts, or the count itself. */
export function total(json: Json, name: string): number {
  const value = json[name];
  if (typeof value === 'number') return value;
  return Object.values(part(json, name)).reduce<number>(
    (sum, one) => sum + (typeof one === 'number' ? one : 0),
    0,
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
