// A stored log record read back: what follows its envelope, by its kind.
import { ErrorDetail } from '@weir/proto/v1/common';
import type { SourceStart } from '@weir/proto/v1/sources';
import { TableSpec } from '@weir/proto/v1/tables';
import type { ByteReader } from './byte-cursor.ts';
import { KIND, REASON } from './log-format.ts';
import type { ClientNumber, LogRecord, PushRecordPart, RemoveReason, StoredRange } from './log-record.ts';

/** Everything but the position at its end. @throws RangeError, or what a nested message throws. */
export function readBody(reader: ByteReader, kind: number, seq: number): LogRecord {
  switch (kind) {
    case KIND.push:
    case KIND.sourcePush: {
      const client = readClient(reader);
      const clockMs = reader.f64();
      const originTimeMs = reader.f64();
      const ranges = kind === KIND.sourcePush ? reader.u32() : 0;
      const sources = Array.from({ length: ranges }, () => readRange(reader));
      const parts = Array.from({ length: reader.u32() }, () => readPart(reader));
      return { kind: 'push', seq, client, clockMs, originTimeMs, sources, parts };
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
    case KIND.repeat:
      return { kind: 'repeat', seq, client: readClient(reader) };
    case KIND.acquire: {
      const group = reader.text();
      const generation = reader.f64();
      const partitions = Array.from({ length: reader.u32() }, () => readStart(reader));
      return { kind: 'acquire', seq, group, generation, partitions };
    }
    case KIND.reset: {
      const group = reader.text();
      const partitions = Array.from({ length: reader.u32() }, () => reader.u32());
      return { kind: 'reset', seq, group, partitions };
    }
    default:
      throw new RangeError(`unknown kind ${kind}`);
  }
}

function readClient(reader: ByteReader): ClientNumber {
  return { id: reader.text(), incarnation: reader.text(), number: reader.f64() };
}

function readRange(reader: ByteReader): StoredRange {
  return {
    group: reader.text(),
    partition: reader.u32(),
    generation: reader.f64(),
    from: reader.f64(),
    to: reader.f64(),
  };
}

function readStart(reader: ByteReader): SourceStart {
  return { partition: reader.u32(), incarnation: reader.text(), start: reader.f64() };
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
