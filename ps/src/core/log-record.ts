import type { PackedKeys } from '@weir/proto';
import type { ErrorDetail } from '@weir/proto/v1/common';
import type { TableSpec } from '@weir/proto/v1/tables';

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
  /** Wall clock (Unix ms) of the oldest behaviour behind it; 0: unknown. */
  readonly originTimeMs: number;
  readonly parts: readonly PushRecordPart[];
}

export interface PushRecordPart {
  readonly tableUid: string;
  readonly keys: PackedKeys;
  /** keys x dim. */
  readonly values: Float32Array;
}

export interface CreateRecord {
  readonly kind: 'create';
  readonly seq: number;
  readonly spec: TableSpec;
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

export type LogRecord = PushRecord | CreateRecord | DropRecord | RefusalRecord;

export function encodeLogRecord(_record: LogRecord): Uint8Array {
  throw new Error('not built yet');
}

/** @throws WeirError CORRUPT naming `seq` (the position under which the record is stored); CONFIGURATION for a newer format. */
export function decodeLogRecord(_bytes: Uint8Array, _seq: number): LogRecord {
  throw new Error('not built yet');
}
