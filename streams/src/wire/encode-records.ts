// Records of an append, checked and encoded on the client's side: one bad record must not fail its neighbours' call.
import { RECORD_BYTES_MAX, WeirError } from '@weir/proto';
import type { AppendRecord } from '../streams-client.ts';
import { encodeRecord } from './record-codec.ts';

/** @throws WeirError INVALID_ARGUMENT naming the record's index. */
export function encodeRecords(records: readonly AppendRecord[]): Uint8Array[] {
  return records.map((record, index) => {
    const { progressTimeMs } = record;
    if (progressTimeMs !== undefined && !Number.isSafeInteger(progressTimeMs)) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `record ${index}: the progress time ${progressTimeMs} is not a whole number of milliseconds`,
      );
    }
    const bytes = encodeRecord(record);
    if (bytes.byteLength > RECORD_BYTES_MAX) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `record ${index} has ${bytes.byteLength} bytes, ${RECORD_BYTES_MAX} are possible`,
      );
    }
    return bytes;
  });
}
