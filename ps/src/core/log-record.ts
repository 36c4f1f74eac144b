// Records of the push log and their stored form: envelope (sealed.ts), what the kind needs, then seq. A record says
// everything that replay needs, so that replaying it does what applying it did.
import { type PackedKeys, WeirError } from '@weir/proto';
import { ErrorDetail } from '@weir/proto/v1/common';
import { TableSpec } from '@weir/proto/v1/tables';
import { ByteReader, ByteWriter } from './byte-cursor.ts';
import { FIXED_BYTES_MAX, KIND, LOG_FORMAT_VERSION } from './log-format.ts';
import { pushRecordBytesMax, writeClient, writingPush } from './push-record.ts';
import { ENVELOPE_BYTES, seal, unseal } from './sealed.ts';
import { runThrough } from './steps.ts';

const REASON = { expired: 1, evicted: 2 } as const;

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

/** Client incarnations that were idle for so long that nobody sends one of their pushes again. */
export interface ForgetRecord {
  readonly kind: 'forget';
  readonly seq: number;
  /** Each with its last number; one that has pushed since the choice was made stays. */
  readonly clients: readonly ClientNumber[];
}

export type LogRecord =
  | PushRecord
  | CreateRecord
  | AlterRecord
  | RemoveRecord
  | DropRecord
  | RefusalRecord
  | ForgetRecord;

export function encodeLogRecord(record: LogRecord): Uint8Array {
  if (record.kind === 'push') {
    return runThrough(writingPush(record, new Uint8Array(pushRecordBytesMax(record)))).place(record.seq);
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
    case 'forget':
      writer.u32(record.clients.length);
      for (const client of record.clients) writeClient(writer, client);
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
    case KIND.forget:
      return { kind: 'forget', seq, clients: Array.from({ length: reader.u32() }, () => readClient(reader)) };
    default:
      throw new RangeError(`unknown kind ${kind}`);
  }
}

function readClient(reader: ByteReader): ClientNumber {
  return { id: reader.text(), incarnation: reader.text(), number: reader.f64() };
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
