// PullRequest and PullResponse written straight into their memory, arrays aligned for the reader.
import type { SpanContext } from '@opentelemetry/api';
import { lengthWidth, paddingAt } from './aligned-fields.ts';
import type { ValueEncoding } from './gen/weir/v1/common.ts';
import { KEY_BYTES, type PackedKeys } from './keys.ts';
import { traceField } from './trace-field.ts';
import { varintWidth, writeVarint } from './varint.ts';

const utf8 = new TextEncoder();
/** Holds every whole number that is exact. */
const NUMBER_WIDTH = 8;
const NUMBER_TAGS = [8, 16] as const;
const NUMBERS_BYTES = 2 * (1 + NUMBER_WIDTH);
const REQUEST_TAG = { part: 26, tableUid: 10, keys: 18, encoding: 24, trace: 34 } as const;
const RESPONSE_TAG = { result: 26, values: 10, refused: 18 } as const;

/** Writes the two numbers with which both messages begin; returns where the next byte goes. */
function writeNumbers(bytes: Uint8Array, at: number, requestId: number, epoch: number): number {
  bytes[at] = NUMBER_TAGS[0];
  const next = writeVarint(bytes, at + 1, requestId, NUMBER_WIDTH);
  bytes[next] = NUMBER_TAGS[1];
  return writeVarint(bytes, next + 1, epoch, NUMBER_WIDTH);
}

/** A PullRequest for rows of one table, with its own copy of the keys; it can be sent as often as needed. */
export class PullFrame {
  /** A place for the keys: a view of the frame. */
  readonly keys: PackedKeys;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(tableUid: string, keyCount: number, encoding: ValueEncoding) {
    const uid = utf8.encode(tableUid);
    const keyBytes = keyCount * KEY_BYTES;
    const bodyAt = NUMBERS_BYTES + 1 + lengthWidth(keyBytes + uid.length + 64);
    const encodingAt = bodyAt + 1 + varintWidth(uid.length) + uid.length;
    const encodingWidth = 1 + paddingAt(encodingAt + 2, keyBytes);
    const keysAt = encodingAt + 1 + encodingWidth + 1 + lengthWidth(keyBytes);
    const start = -keysAt & 3;
    const buffer = new ArrayBuffer(start + keysAt + keyBytes);
    const bytes = new Uint8Array(buffer, start);
    this.#bytes = bytes;
    this.keys = new Uint32Array(buffer, start + keysAt, 2 * keyCount);
    bytes[NUMBERS_BYTES] = REQUEST_TAG.part;
    writeVarint(bytes, NUMBERS_BYTES + 1, bytes.length - bodyAt, bodyAt - NUMBERS_BYTES - 1);
    bytes[bodyAt] = REQUEST_TAG.tableUid;
    writeVarint(bytes, bodyAt + 1, uid.length, varintWidth(uid.length));
    bytes.set(uid, encodingAt - uid.length);
    bytes[encodingAt] = REQUEST_TAG.encoding;
    const at = writeVarint(bytes, encodingAt + 1, encoding, encodingWidth);
    bytes[at] = REQUEST_TAG.keys;
    writeVarint(bytes, at + 1, keyBytes, lengthWidth(keyBytes));
  }

  /** The whole message; valid until the next call. @param trace of a sampled caller. */
  message(requestId: number, epoch: number, trace?: SpanContext): Uint8Array {
    writeNumbers(this.#bytes, 0, requestId, epoch);
    return trace === undefined
      ? this.#bytes
      : Buffer.concat([this.#bytes, traceField(REQUEST_TAG.trace, trace)]);
  }
}

/** What one part of a pull is answered with. */
export interface PullResultLayout {
  readonly valueBytes: number;
  /** Packed u32. */
  readonly refused: Uint8Array;
}

/** Places in a PullResponse. */
export interface PullResponseLayout {
  /** Bytes of the message. */
  readonly size: number;
  /** Where the values of each result begin; aligned if the message begins at PULL_RESPONSE_START. */
  readonly valuesAt: readonly number[];
}

/** Where the message begins in memory that is aligned, so that the values' places are aligned too. */
export const PULL_RESPONSE_START = 1;

export function layOutPullResponse(results: readonly PullResultLayout[]): PullResponseLayout {
  let at = NUMBERS_BYTES;
  const valuesAt: number[] = [];
  for (const result of results) {
    const places = resultPlaces(at, result);
    valuesAt.push(places.values);
    at = places.end;
  }
  return { size: at, valuesAt };
}

/** Writes everything but the values, whose places the layout gives. */
export function writePullResponse(
  bytes: Uint8Array,
  requestId: number,
  epoch: number,
  results: readonly PullResultLayout[],
): void {
  let at = writeNumbers(bytes, 0, requestId, epoch);
  for (const result of results) {
    const { valueBytes, refused } = result;
    const { body, padding, values, end } = resultPlaces(at, result);
    bytes[at] = RESPONSE_TAG.result;
    writeVarint(bytes, at + 1, end - body, body - at - 1);
    if (padding > 0) {
      bytes[body] = RESPONSE_TAG.refused;
      writeVarint(bytes, body + 1, 0, padding - 1);
    }
    bytes[body + padding] = RESPONSE_TAG.values;
    writeVarint(bytes, body + padding + 1, valueBytes, lengthWidth(valueBytes));
    if (refused.length > 0) {
      bytes[values + valueBytes] = RESPONSE_TAG.refused;
      writeVarint(bytes, values + valueBytes + 1, refused.length, lengthWidth(refused.length));
      bytes.set(refused, end - refused.length);
    }
    at = end;
  }
}

/** The padding before the values is a `refused` without keys: the one behind them, if any, takes its place. */
function resultPlaces(at: number, { valueBytes, refused }: PullResultLayout) {
  const refusedBytes = refused.length === 0 ? 0 : 1 + lengthWidth(refused.length) + refused.length;
  const body = at + 1 + lengthWidth(16 + valueBytes + refusedBytes);
  const missing = paddingAt(body, valueBytes);
  // The shortest field has two bytes.
  const padding = missing === 1 ? 5 : missing;
  const values = body + padding + 1 + lengthWidth(valueBytes);
  return { body, padding, values, end: values + valueBytes + refusedBytes };
}
