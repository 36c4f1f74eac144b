// Records of the push log and their stored form: envelope (sealed.ts), what the kind needs, then seq. A record says
// everything that replay needs, so that replaying it does what applying it did.
import { type PackedKeys, WeirError } from '@weir/proto';
import { ErrorDetail } from '@weir/proto/v1/common';
import { TableSpec } from '@weir/proto/v1/tables';
import { ByteReader, ByteWriter } from './byte-cursor.ts';
import { ENVELOPE_BYTES, seal, sealBut, sealEnd, unseal } from './sealed.ts';

const LOG_FORMAT_VERSION = 2;
const KIND = { push: 1, create: 2, drop: 3, refusal: 4, alter: 5, remove: 6 } as const;
const REASON = { expired: 1, evicted: 2 } as const;
/** The position stands at a record's end, where it is filled in last. */
const SEQ_BYTES = 8;
/** Bytes of a record, and of a part within it, but for arrays and texts. */
const FIXED_BYTES_MAX = 64;
const PART_BYTES_MAX = 48;
/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;

/** A client's number that a record uses up. */
export interface ClientNumber {
  readonly id: string;
  readonly incarnation: string;
  readonly number: number;
}

/** One push's part for this shard; at most one part per table. */
export interface PushRecord {
  readonly kind: 'push';
  readonly seq: number;
  readonly client: ClientNumber;
  /** The shard's clock (Unix ms) when it was placed; never lower than that of a record before it. */
  readonly clockMs: number;
  /** Wall clock (Unix ms) of the oldest behaviour behind it; 0: unknown. */
  readonly originTimeMs: number;
  readonly parts: readonly PushRecordPart[];
}

export interface PushRecordPart {
  readonly tableUid: string;
  readonly keys: PackedKeys;
  /** keys x dim. */
  readonly values: Float32Array;
  /** Keys that were pushed and not admitted, and that the table's sketch counts; they come as often as they count. */
  readonly counted: PackedKeys;
}

export interface CreateRecord {
  readonly kind: 'create';
  readonly seq: number;
  readonly spec: TableSpec;
}

/** From here on the table has this definition. */
export interface AlterRecord {
  readonly kind: 'alter';
  readonly seq: number;
  readonly spec: TableSpec;
}

export type RemoveReason = keyof typeof REASON;

/** Rows that the server chose to remove. */
export interface RemoveRecord {
  readonly kind: 'remove';
  readonly seq: number;
  readonly tableUid: string;
  readonly reason: RemoveReason;
  /** A row goes only if its seq is at most this: what was pushed after the choice was made stays. */
  readonly upToSeq: number;
  readonly keys: PackedKeys;
}

export interface DropRecord {
  readonly kind: 'drop';
  readonly seq: number;
  readonly tableUid: string;
}

/** A push refused for good: its number is used up, nothing is applied. */
export interface RefusalRecord {
  readonly kind: 'refusal';
  readonly seq: number;
  readonly client: ClientNumber;
  readonly error: ErrorDetail;
}

export type LogRecord = PushRecord | CreateRecord | AlterRecord | RemoveRecord | DropRecord | RefusalRecord;

/** A push's record but for its position. */
export interface UnplacedPush {
  /** Of the whole record. */
  readonly bytes: number;
  /** The push's parts, as views of the record. */
  readonly parts: readonly PushRecordPart[];
  /** The record at this position: little is left to do. */
  place(seq: number): Uint8Array;
}

/** @param memory where the record is put: aligned, of `pushRecordBytesMax` bytes. */
export function preparePush(push: Omit<PushRecord, 'kind' | 'seq'>, memory: Uint8Array): UnplacedPush {
  const writer = new ByteWriter(memory);
  writer.f64(0); // the envelope's place
  writeClient(writer, push.client);
  writer.f64(push.clockMs);
  writer.f64(push.originTimeMs);
  writer.u32(push.parts.length);
  const places = push.parts.map((part) => writePart(writer, part));
  writer.f64(0); // the position's place
  const record = writer.finish();
  const { buffer, byteOffset } = record;
  const parts = push.parts.map(({ tableUid, keys, values, counted }, i) => ({
    tableUid,
    keys: new Uint32Array(buffer, byteOffset + places[i]!.keysAt, keys.length),
    values: new Float32Array(buffer, byteOffset + places[i]!.valuesAt, values.length),
    counted: new Uint32Array(buffer, byteOffset + places[i]!.countedAt, counted.length),
  }));
  const begun = sealBut(SEQ_BYTES, record, LOG_FORMAT_VERSION, KIND.push);
  const place = (seq: number): Uint8Array => {
    new DataView(buffer, byteOffset).setFloat64(record.length - SEQ_BYTES, seq, true);
    return sealEnd(record, begun, SEQ_BYTES);
  };
  return { bytes: record.length, parts, place };
}

export function pushRecordBytesMax({ client, parts }: Omit<PushRecord, 'kind' | 'seq'>): number {
  const texts = client.id.length + client.incarnation.length;
  const bytes = FIXED_BYTES_MAX + UTF8_BYTES_MAX * texts;
  return parts.reduce((sum, { tableUid, keys, values, counted }) => {
    const arrays = keys.byteLength + values.byteLength + counted.byteLength;
    return sum + PART_BYTES_MAX + UTF8_BYTES_MAX * tableUid.length + arrays;
  }, bytes);
}

export function encodeLogRecord(record: LogRecord): Uint8Array {
  if (record.kind === 'push') {
    return preparePush(record, new Uint8Array(pushRecordBytesMax(record))).place(record.seq);
  }
  const writer = new ByteWriter(FIXED_BYTES_MAX);
  writer.f64(0); // the envelope's place
  switch (record.kind) {
    case 'create':
    case 'alter':
      writer.blob(TableSpec.encode(record.spec).finish());
      break;
    case 'remove':
      writer.text(record.tableUid);
      writer.u32(REASON[record.reason]);
      writer.f64(record.upToSeq);
      writer.u32(record.keys.length / 2);
      writer.array(record.keys);
      break;
    case 'drop':
      writer.text(record.tableUid);
      break;
    case 'refusal':
      writeClient(writer, record.client);
      writer.blob(ErrorDetail.encode(record.error).finish());
      break;
  }
  writer.f64(record.seq);
  return seal(writer.finish(), LOG_FORMAT_VERSION, KIND[record.kind]);
}

/**
 * @param seq the position under which the record is stored.
 * @throws WeirError CORRUPT naming `seq`; CONFIGURATION for a newer format.
 */
export function decodeLogRecord(bytes: Uint8Array, seq: number): LogRecord {
  const what = `log record ${seq}`;
  const kind = unseal(bytes, LOG_FORMAT_VERSION, what);
  try {
    const reader = new ByteReader(bytes.subarray(ENVELOPE_BYTES));
    const record = readBody(reader, kind, seq);
    const storedSeq = reader.f64();
    if (storedSeq !== seq) throw new RangeError(`it says that it is record ${storedSeq}`);
    if (reader.rest !== 0) throw new RangeError(`${reader.rest} bytes are left over`);
    return record;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WeirError('CORRUPT', `${what}: ${reason}`, { cause: error });
  }
}

function readBody(reader: ByteReader, kind: number, seq: number): LogRecord {
  switch (kind) {
    case KIND.push: {
      const client = readClient(reader);
      const clockMs = reader.f64();
      const originTimeMs = reader.f64();
      const parts = Array.from({ length: reader.u32() }, () => readPart(reader));
      return { kind: 'push', seq, client, clockMs, originTimeMs, parts };
    }
    case KIND.create:
      return { kind: 'create', seq, spec: TableSpec.decode(reader.blob()) };
    case KIND.alter:
      return { kind: 'alter', seq, spec: TableSpec.decode(reader.blob()) };
    case KIND.remove: {
      const tableUid = reader.text();
      const reason = reasonOf(reader.u32());
      const upToSeq = reader.f64();
      return { kind: 'remove', seq, tableUid, reason, upToSeq, keys: reader.keys(reader.u32()) };
    }
    case KIND.drop:
      return { kind: 'drop', seq, tableUid: reader.text() };
    case KIND.refusal: {
      const client = readClient(reader);
      return { kind: 'refusal', seq, client, error: ErrorDetail.decode(reader.blob()) };
    }
    default:
      throw new RangeError(`unknown kind ${kind}`);
  }
}

function writeClient(writer: ByteWriter, client: ClientNumber): void {
  writer.text(client.id);
  writer.text(client.incarnation);
  writer.f64(client.number);
}

function readClient(reader: ByteReader): ClientNumber {
  return { id: reader.text(), incarnation: reader.text(), number: reader.f64() };
}

/** Bytes at which a part's arrays begin in the record. */
interface PartPlaces {
  readonly keysAt: number;
  readonly valuesAt: number;
  readonly countedAt: number;
}

function writePart(writer: ByteWriter, part: PushRecordPart): PartPlaces {
  writer.text(part.tableUid);
  writer.u32(part.keys.length / 2);
  writer.u32(part.values.length);
  writer.u32(part.counted.length / 2);
  const keysAt = writer.array(part.keys);
  const valuesAt = writer.array(part.values);
  return { keysAt, valuesAt, countedAt: writer.array(part.counted) };
}

function readPart(reader: ByteReader): PushRecordPart {
  const tableUid = reader.text();
  const keys = reader.u32();
  const values = reader.u32();
  const counted = reader.u32();
  return {
    tableUid,
    keys: reader.keys(keys),
    values: reader.floats(values),
    counted: reader.keys(counted),
  };
}

function reasonOf(stored: number): RemoveReason {
  if (stored === REASON.expired) return 'expired';
  if (stored === REASON.evicted) return 'evicted';
  throw new RangeError(`unknown reason ${stored}`);
}
