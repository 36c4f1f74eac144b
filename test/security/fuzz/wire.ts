// Protobuf's encoding as an attacker sees it: a message as a tree of fields that can be bent and written again, right or
// wrong. Knows no schema: what parses as a message within a field is taken for one.

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

export interface Field {
  number: number;
  type: number;
  /** The payload as it is written, without the length of BYTES. */
  payload: Buffer;
  /** Where the payload may be a message. */
  inner: Field[] | undefined;
  /** What is written as the length, where that is a lie. */
  length?: bigint;
}

export function varint(value: bigint | number, width = 1): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n || bytes.length < width - 1) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export function bytesField(number: number, payload: Uint8Array): Field {
  return { number, type: BYTES, payload: Buffer.from(payload), inner: undefined };
}

/** Undefined: it is no message. */
export function parse(bytes: Buffer, depth = 0): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const readVarint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = readVarint();
    if (tag === undefined || tag < 8n || tag > 0x7fff_ffffn) return undefined;
    const type = Number(tag & 7n);
    const from = at;
    let end: number;
    if (type === VARINT) {
      if (readVarint() === undefined) return undefined;
      end = at;
    } else if (type === FIXED64) end = from + 8;
    else if (type === FIXED32) end = from + 4;
    else if (type === BYTES) {
      const length = readVarint();
      if (length === undefined || length > BigInt(bytes.length)) return undefined;
      end = at + Number(length);
    } else return undefined;
    if (end > bytes.length) return undefined;
    const payload = bytes.subarray(type === BYTES ? at : from, end);
    const inner = type === BYTES && depth < 4 && payload.length > 1 ? parse(payload, depth + 1) : undefined;
    fields.push({ number: Number(tag >> 3n), type, payload, inner });
    at = end;
  }
  return fields;
}

export function write(fields: readonly Field[]): Buffer {
  const parts: Buffer[] = [];
  for (const { number, type, payload, inner, length } of fields) {
    const body = inner === undefined ? payload : write(inner);
    parts.push(varint((BigInt(number) << 3n) | BigInt(type)));
    if (type === BYTES) parts.push(varint(length ?? body.length));
    parts.push(body);
  }
  return Buffer.concat(parts);
}

/** All fields of the tree with the list that holds them. */
export function* walk(fields: Field[]): Generator<{ readonly list: Field[]; readonly index: number }> {
  for (let index = 0; index < fields.length; index++) {
    yield { list: fields, index };
    const { inner } = fields[index]!;
    if (inner !== undefined) yield* walk(inner);
  }
}
