import type { PushPart } from '@weir/proto/v1/parameter_server';
import type { TableSpec } from '@weir/proto/v1/tables';
import type { PushRecordPart } from './log-record.ts';
import type { Ownership } from './routing.ts';

export interface PushContext {
  /** The live table of this uid. */
  table(uid: string): TableSpec | undefined;
  readonly ownership: Ownership;
}

/**
 * Checks a whole push (all frames' parts, in order) before anything is written, and returns it ready for log and
 * kernel: decoded, parts of the same table joined in order. Values may be views of the request's bytes.
 * @throws WeirError PUSH_TOO_LARGE, TABLE_NOT_FOUND, INVALID_ARGUMENT, DIMENSION_MISMATCH, NOT_FINITE, NOT_OWNER,
 * with table and key index (within the joined part).
 */
export function validatePush(_parts: readonly PushPart[], _context: PushContext): PushRecordPart[] {
  throw new Error('not built yet');
}
