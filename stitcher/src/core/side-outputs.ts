// Records of the side streams: what was left out, why, and the record itself where it fits.
import { SideRecord } from '@weir/proto/v1/records';
import type { InputStream } from './counters.ts';
import { ID_LENGTH_MAX, SIDE_BYTES_MAX } from './limits.ts';

export interface LeftOut {
  readonly reason: string;
  readonly stream: InputStream;
  readonly servingId?: string;
  readonly eventId?: string;
  readonly timeMs?: number;
  readonly ageMs?: number;
  /** The record as it came. */
  readonly value: Uint8Array;
}

/** Always fits a stream record, whatever was wrong with the record left out. */
export function sideRecord(leftOut: LeftOut): Uint8Array {
  const { reason, stream, servingId = '', eventId = '', timeMs = 0, ageMs = 0, value } = leftOut;
  return SideRecord.encode({
    reason,
    stream,
    servingId: servingId.slice(0, ID_LENGTH_MAX),
    eventId: eventId.slice(0, ID_LENGTH_MAX),
    timeMs: Number.isSafeInteger(timeMs) ? timeMs : 0,
    ageMs,
    record: value.length <= SIDE_BYTES_MAX ? value : new Uint8Array(0),
  }).finish();
}
