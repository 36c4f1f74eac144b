// Where packed arrays stand in a message. gRPC hands a message out 5 bytes behind a multiple of 8 (its frame's
// prefix), so an array that begins at 3 modulo 4 of the message is aligned when it arrives, and is viewed, not copied.
// A reader that finds it elsewhere copies: alignment is a matter of speed, never of meaning.
import { varintWidth } from './varint.ts';

const PREFIX_BYTES = 5;
/** Length fields of arrays: with the tag's byte 4 bytes, so that an array behind an aligned array is aligned. */
const LENGTH_WIDTH = 3;

/** Width of a packed array's length field. */
export function lengthWidth(bytes: number): number {
  return Math.max(LENGTH_WIDTH, varintWidth(bytes));
}

/** How many bytes more make `at` (of the message) the place of a field whose array of `bytes` is aligned. */
export function paddingAt(at: number, bytes: number): number {
  return -(at + PREFIX_BYTES + 1 + lengthWidth(bytes)) & 3;
}
