// Protobuf's variable-length integers, written with a width of one's choice: bytes beyond the shortest form carry
// zeros, which every reader accepts. So a field can be given its place before its value is known, and what follows
// it can be put where it is aligned.

/** Widest form of any number; of a length, readers of other makes take 5 at most. */
const WIDTH_MAX = 10;

/** Bytes of the shortest form of a whole number from 0 to 2^53. */
export function varintWidth(value: number): number {
  let width = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) width++;
  return width;
}

/** Writes `value` in exactly `width` bytes; returns where the next byte goes. */
export function writeVarint(bytes: Uint8Array, at: number, value: number, width: number): number {
  if (width > WIDTH_MAX || value >= 0x80 ** width || !(value >= 0)) {
    throw new RangeError(`${value} does not fit a varint of ${width} bytes`);
  }
  let rest = value;
  for (let i = 0; i < width - 1; i++) {
    bytes[at + i] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at + width - 1] = rest;
  return at + width;
}
