// Keys and values as an operator writes and reads them. Pure.

const KEY_END = 1n << 64n;

/** Decimal or `0x` hexadecimal. Undefined unless it is an unsigned 64-bit integer. */
export function parseKey(text: string): bigint | undefined {
  if (!/^(?:\d+|0x[0-9a-f]+)$/i.test(text)) return undefined;
  const key = BigInt(text);
  return key < KEY_END ? key : undefined;
}

export interface Row {
  readonly key: bigint;
  readonly values: readonly number[];
}

/** `KEY:VALUE,VALUE,...`; an Error that says what is wrong with it. */
export function parseRow(text: string): Row {
  const colon = text.indexOf(':');
  const key = parseKey(text.slice(0, Math.max(0, colon)));
  if (key === undefined) throw new Error(`"${text}" is not KEY:VALUE,VALUE,... with a key of 64 bits`);
  const parts = text.slice(colon + 1).split(',');
  return { key, values: parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part))).map(finite) };
}

/** `{"key":"7","values":[0.1]}`; an Error that says what is wrong with it. */
export function parseRowLine(line: string): Row {
  const content: unknown = JSON.parse(line);
  if (typeof content !== 'object' || content === null) throw new Error('not a JSON object');
  const { key, values } = content as { key?: unknown; values?: unknown };
  if (typeof key === 'number' && !Number.isSafeInteger(key)) {
    throw new Error(`key ${key} has lost digits: write keys above 2^53 as strings`);
  }
  const parsed = typeof key === 'string' || typeof key === 'number' ? parseKey(String(key)) : undefined;
  if (parsed === undefined) throw new Error('"key" is not an unsigned integer of 64 bits');
  if (!Array.isArray(values)) throw new Error('"values" is not an array');
  return { key: parsed, values: values.map(finite) };
}

function finite(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error('a value is not a finite number');
  return value;
}

/** The shortest decimal that reads back as the same f32; -0 becomes 0. */
export function f32(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return Number(value.toPrecision(9));
}
