// Records of the push log and their stored form: envelope (sealed.ts), what the kind needs, then seq. A record says
// everything that replay needs, so that replaying it does what applying it did.
import { type PackedKeys, WeirError } from '@weir/proto';
import { ErrorDetail } from '@weir/proto/v1/common';
import type { SourceStart } from '@weir/proto/v1/sources';
import { TableSpec } from '@weir/proto/v1/tables';
import { ByteReader, ByteWriter } from './byte-cursor.ts';
import { FIXED_BYTES_MAX, KIND, LOG_FORMAT_VERSION, REASON } from './log-format.ts';
import { pushRecordBytesMax, writeClient, writingPush } from './push-record.ts';
import { readBody } from './read-record.ts';
import { ENVELOPE_BYTES, seal, unseal } from './sealed.ts';
import { runThrough } from './steps.ts';

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
  /** What of its sources it brings; each begins where the partition was applied before. */
  readonly sources: readonly StoredRange[];
  readonly parts: readonly PushRecordPart[];
}

/** A half-open range of a source's partition. */
export interface StoredRange {
  readonly group: string;
  readonly partition: number;
  readonly generation: number;
  readonly from: number;
  readonly to: number;
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

/** A push whose source ranges were applied before, under another number: this number is used up, nothing is applied. */
export interface RepeatRecord {
  readonly kind: 'repeat';
  readonly seq: number;
  readonly client: ClientNumber;
}

/** From here on pushes of these partitions are taken in this generation. */
export interface AcquireRecord {
  readonly kind: 'acquire';
  readonly seq: number;
  readonly group: string;
  readonly generation: number;
  /** `start` is for those of which nothing is known. */
  readonly partitions: readonly SourceStart[];
}

/** Offsets that an operator chose to forget. */
export interface ResetRecord {
  readonly kind: 'reset';
  readonly seq: number;
  readonly group: string;
  readonly partitions: readonly number[];
}

export type LogRecord =
  | PushRecord
  | CreateRecord
  | AlterRecord
  | RemoveRecord
  | DropRecord
  | RefusalRecord
  | ForgetRecord
  | RepeatRecord
  | AcquireRecord
  | ResetRecord;

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
    case 'repeat':
      writeClient(writer, record.client);
      break;
    case 'acquire':
      writer.text(record.group);
      writer.f64(record.generation);
      writer.u32(record.partitions.length);
      for (const { partition, incarnation, start } of record.partitions) {
        writer.u32(partition);
        writer.text(incarnation);
        writer.f64(start);
      }
      break;
    case 'reset':
      writer.text(record.group);
      writer.u32(record.partitions.length);
      for (const partition of record.partitions) writer.u32(partition);
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
