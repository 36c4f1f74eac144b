// Messages of SyncRequest and GroupResultChunk after the first one: bytes alone, which both have under one number. So a message
// is these bytes, wherever they are, and a head before them.
import { varintWidth, writeVarint } from './varint.ts';

/** Number 2, length-delimited. */
const TAG = 0x12;

/** What stands before `bytes` bytes of data. */
export function groupDataHead(bytes: number): Uint8Array<ArrayBuffer> {
  const width = varintWidth(bytes);
  const head = new Uint8Array(1 + width);
  head[0] = TAG;
  writeVarint(head, 1, bytes, width);
  return head;
}
