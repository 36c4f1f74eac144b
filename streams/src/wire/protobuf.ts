// The little of Protobuf's encoding that appends and reads need, so that a record's bytes pass through the server as
// they are: varints, tags and length-delimited fields over plain byte arrays.

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const FIXED32 = 5;

/** The tag byte of a field; numbers below 16 only. */
export const tag = (field: number, type: number): number => (field << 3) | type;

/** Bytes that a varint takes; 0 <= value < 2^53. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** Returns the position after it. */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let rest = value;
  let at = position;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

/** Reads fields one after the other; throws a RangeError when the bytes end in the middle of one. */
export class Reader {
  readonly bytes: Uint8Array;
  position: number;
  readonly end: number;

  constructor(bytes: Uint8Array, position = 0, end: number = bytes.byteLength) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** An unsigned number below 2^53. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 53; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new RangeError('a number is larger than 2^53 - 1');
  }

  /** A signed number between -2^53 and 2^53. */
  signedVarint(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x0f) << 28;
        high = (byte & 0x7f) >>> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) return (high | 0) * 2 ** 32 + (low >>> 0);
    }
    throw new RangeError('a varint has more than 10 bytes');
  }

  double(): number {
    const at = this.#skip(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset).getFloat64(at, true);
  }

  /** A view of a length-delimited field. */
  view(): Uint8Array {
    const length = this.varint();
    const at = this.#skip(length);
    return this.bytes.subarray(at, at + length);
  }

  string(): string {
    const { buffer, byteOffset, byteLength } = this.view();
    return Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
  }

  /** Steps over the field behind a tag. */
  skipField(fieldTag: number): void {
    const type = fieldTag & 7;
    if (type === VARINT) this.signedVarint();
    else if (type === FIXED64) this.#skip(8);
    else if (type === BYTES) this.#skip(this.varint());
    else if (type === FIXED32) this.#skip(4);
    else throw new RangeError(`unknown wire type ${type}`);
  }

  #byte(): number {
    if (this.position >= this.end) throw new RangeError('the bytes end in the middle of a field');
    return this.bytes[this.position++]!;
  }

  /** The position before the step. */
  #skip(length: number): number {
    const at = this.position;
    if (at + length > this.end) throw new RangeError('the bytes end in the middle of a field');
    this.position = at + length;
    return at;
  }
}
