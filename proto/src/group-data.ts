// Messages of SyncRequest and GroupResultChunk after the first one: bytes alone, which both have under one number. Written with
// one copy; the generated encoder makes two.
import { varintWidth, writeVarint } from './varint.ts';

/** Number 2, length-delimited. */
const TAG = 0x12;

export function groupDataMessage(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const width = varintWidth(data.length);
  const message = new Uint8Array(1 + width + data.length);
  message[0] = TAG;
  message.set(data, writeVarint(message, 1, data.length, width));
  return message;
}
