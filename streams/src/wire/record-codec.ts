// A stream record's bytes (weir.v1.Record). The client writes value, headers and progress; the server appends
// offset and append time behind them, without changing the rest, and frames the whole as an entry of a
// ReadResponse. Framed records follow each other in a chunk; what is stored is what is sent.
import type { AppendRecord, StreamRecord } from '../streams-client.ts';
import { BYTES, FIXED64, Reader, tag, VARINT, varintLength, writeVarint } from './protobuf.ts';

const OFFSET = tag(1, VARINT);
const VALUE = tag(2, BYTES);
const HEADER = tag(3, BYTES);
const HEADER_NAME = tag(1, BYTES);
const HEADER_VALUE = tag(2, BYTES);
const PROGRESS = tag(4, VARINT);
const APPEND_TIME = tag(5, FIXED64);
/** Field `records` of ReadResponse. */
export const FRAME = tag(1, BYTES);

const NO_BYTES = new Uint8Array(0);
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** The client's part of a record. */
export function encodeRecord(record: AppendRecord): Uint8Array {
  const value = record.value ?? NO_BYTES;
  const headers = record.headers === undefined ? NO_BYTES : encodeHeaders(record.headers);
  const progress = record.progressTimeMs === undefined ? NO_BYTES : encodeProgress(record.progressTimeMs);
  const valueBytes = value.byteLength === 0 ? 0 : 1 + varintLength(value.byteLength) + value.byteLength;
  const bytes = Buffer.allocUnsafe(valueBytes + headers.byteLength + progress.byteLength);
  if (value.byteLength > 0) {
    bytes[0] = VALUE;
    bytes.set(value, writeVarint(bytes, 1, value.byteLength));
  }
  bytes.set(headers, valueBytes);
  bytes.set(progress, valueBytes + headers.byteLength);
  return bytes;
}

/** Bytes that a record of the client takes in a chunk. */
export function frameLength(record: Uint8Array, offset: number): number {
  const body = record.byteLength + 1 + varintLength(offset) + 9;
  return 1 + varintLength(body) + body;
}

/** Writes a record's frame into a chunk; returns the position after it. */
export function writeFrame(
  chunk: Buffer,
  position: number,
  record: Uint8Array,
  offset: number,
  appendTimeMs: number,
): number {
  chunk[position] = FRAME;
  // Behind the client's fields: of a field that stands twice the last counts, so these two are the server's.
  let at = writeVarint(chunk, position + 1, record.byteLength + 1 + varintLength(offset) + 9);
  chunk.set(record, at);
  at += record.byteLength;
  chunk[at] = OFFSET;
  at = writeVarint(chunk, at + 1, offset);
  chunk[at] = APPEND_TIME;
  return chunk.writeDoubleLE(appendTimeMs, at + 1);
}

/** The position after `count` frames. */
export function skipFrames(chunk: Uint8Array, count: number): number {
  const reader = new Reader(chunk);
  for (let skipped = 0; skipped < count; skipped++) reader.skipField(reader.varint());
  return reader.position;
}

/** A record as read; its value is a view of the bytes. */
export function decodeRecord(bytes: Uint8Array): StreamRecord {
  const reader = new Reader(bytes);
  let offset = 0;
  let value: Uint8Array = NO_BYTES;
  let headers: Record<string, string> | undefined;
  let progressTimeMs: number | undefined;
  let appendTimeMs = 0;
  while (!reader.done) {
    const field = reader.varint();
    if (field === VALUE) value = reader.view();
    else if (field === OFFSET) offset = reader.varint();
    else if (field === APPEND_TIME) appendTimeMs = reader.double();
    else if (field === PROGRESS) progressTimeMs = reader.signedVarint();
    else if (field === HEADER) {
      // Without a prototype, so that no name is special.
      headers ??= Object.create(null) as Record<string, string>;
      decodeHeader(reader.view(), headers);
    } else reader.skipField(field);
  }
  return { offset, value, headers: headers ?? NO_HEADERS, progressTimeMs, appendTimeMs };
}

function encodeHeaders(headers: Readonly<Record<string, string>>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const body = Buffer.concat([textField(HEADER_NAME, name), textField(HEADER_VALUE, value)]);
    parts.push(lengthDelimited(HEADER, body));
  }
  return Buffer.concat(parts);
}

function decodeHeader(bytes: Uint8Array, headers: Record<string, string>): void {
  const reader = new Reader(bytes);
  let name = '';
  let value = '';
  while (!reader.done) {
    const field = reader.varint();
    if (field === HEADER_NAME) name = reader.string();
    else if (field === HEADER_VALUE) value = reader.string();
    else reader.skipField(field);
  }
  headers[name] = value;
}

function encodeProgress(timeMs: number): Uint8Array {
  // Rare, and negative before 1970: as an unsigned number of 64 bits.
  let rest = BigInt.asUintN(64, BigInt(timeMs));
  const bytes = [PROGRESS];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** A field with its tag and length. */
export function lengthDelimited(fieldTag: number, body: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + varintLength(body.byteLength) + body.byteLength);
  bytes[0] = fieldTag;
  bytes.set(body, writeVarint(bytes, 1, body.byteLength));
  return bytes;
}

export function textField(fieldTag: number, text: string): Uint8Array {
  return lengthDelimited(fieldTag, Buffer.from(text, 'utf8'));
}

/** A field of a number; nothing for 0, as Protobuf has it. */
export function numberField(fieldTag: number, value: number): Uint8Array {
  if (value === 0) return NO_BYTES;
  const bytes = Buffer.allocUnsafe(1 + varintLength(value));
  bytes[0] = fieldTag;
  writeVarint(bytes, 1, value);
  return bytes;
}
