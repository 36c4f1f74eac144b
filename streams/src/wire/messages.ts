// The two messages that carry records, weir.v1.AppendRequest and weir.v1.ReadResponse, with records as opaque bytes.
import type { Producer, ReadBatch, StreamRecord } from '../streams-client.ts';
import { BYTES, Reader, tag, VARINT, varintLength, writeVarint } from './protobuf.ts';
import { decodeRecord, FRAME, lengthDelimited, numberField, textField } from './record-codec.ts';

const APPEND_STREAM = tag(1, BYTES);
const APPEND_PARTITION = tag(2, VARINT);
const APPEND_PRODUCER = tag(3, BYTES);
const APPEND_FIRST_SEQUENCE = tag(4, VARINT);
const APPEND_RECORD = tag(5, BYTES);
const PRODUCER_ID = tag(1, BYTES);
const PRODUCER_EPOCH = tag(2, VARINT);
const READ_END_OFFSET = tag(2, VARINT);
const READ_INCARNATION = tag(3, BYTES);

/** An append whose records are encoded. */
export interface EncodedAppend {
  readonly stream: string;
  readonly partition: number;
  readonly producer: Producer | undefined;
  /** Of the first record; 0 without a producer. */
  readonly firstSequence: number;
  readonly records: readonly Uint8Array[];
}

export function encodeAppendRequest(append: EncodedAppend): Buffer {
  const { producer } = append;
  const head = Buffer.concat([
    textField(APPEND_STREAM, append.stream),
    numberField(APPEND_PARTITION, append.partition),
    producer === undefined
      ? new Uint8Array(0)
      : lengthDelimited(
          APPEND_PRODUCER,
          Buffer.concat([textField(PRODUCER_ID, producer.id), numberField(PRODUCER_EPOCH, producer.epoch)]),
        ),
    numberField(APPEND_FIRST_SEQUENCE, append.firstSequence),
  ]);
  let length = head.byteLength;
  for (const { byteLength } of append.records) length += 1 + varintLength(byteLength) + byteLength;
  const bytes = Buffer.allocUnsafe(length);
  bytes.set(head);
  let at = head.byteLength;
  for (const record of append.records) {
    bytes[at] = APPEND_RECORD;
    at = writeVarint(bytes, at + 1, record.byteLength);
    bytes.set(record, at);
    at += record.byteLength;
  }
  return bytes;
}

/** Records are views of the bytes. Throws a RangeError on bytes that are no such message. */
export function decodeAppendRequest(bytes: Uint8Array): EncodedAppend {
  const reader = new Reader(bytes);
  let stream = '';
  let partition = 0;
  let producer: Producer | undefined;
  let firstSequence = 0;
  const records: Uint8Array[] = [];
  while (!reader.done) {
    const field = reader.varint();
    if (field === APPEND_RECORD) records.push(reader.view());
    else if (field === APPEND_STREAM) stream = reader.string();
    else if (field === APPEND_PARTITION) partition = reader.varint();
    else if (field === APPEND_PRODUCER) producer = decodeProducer(reader.view());
    else if (field === APPEND_FIRST_SEQUENCE) firstSequence = reader.varint();
    else reader.skipField(field);
  }
  return { stream, partition, producer, firstSequence, records };
}

function decodeProducer(bytes: Uint8Array): Producer {
  const reader = new Reader(bytes);
  let id = '';
  let epoch = 0;
  while (!reader.done) {
    const field = reader.varint();
    if (field === PRODUCER_ID) id = reader.string();
    else if (field === PRODUCER_EPOCH) epoch = reader.varint();
    else reader.skipField(field);
  }
  return { id, epoch };
}

/** `frames`: framed records, as chunks hold them. */
export function encodeReadResponse(
  frames: readonly Uint8Array[],
  endOffset: number,
  incarnation: string,
): Buffer {
  return Buffer.concat([
    ...frames,
    numberField(READ_END_OFFSET, endOffset),
    textField(READ_INCARNATION, incarnation),
  ]);
}

/** Values are views of the bytes. */
export function decodeReadResponse(bytes: Uint8Array): ReadBatch {
  const reader = new Reader(bytes);
  const records: StreamRecord[] = [];
  let endOffset = 0;
  let incarnation = '';
  while (!reader.done) {
    const field = reader.varint();
    if (field === FRAME) records.push(decodeRecord(reader.view()));
    else if (field === READ_END_OFFSET) endOffset = reader.varint();
    else if (field === READ_INCARNATION) incarnation = reader.string();
    else reader.skipField(field);
  }
  return { records, endOffset, incarnation };
}

/** The records of a chunk's frames; values are views of the bytes. */
export function decodeFrames(frames: Uint8Array): StreamRecord[] {
  return decodeReadResponse(frames).records;
}
