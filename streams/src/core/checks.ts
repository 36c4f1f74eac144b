// What callers give, checked before anything else happens.
import { RECORD_BYTES_MAX, WeirError } from '@weir/proto';
import { APPEND_BYTES_MAX, NAME_LENGTH_MAX, PARTITIONS_MAX } from '../limits.ts';

const NAME = /^[A-Za-z0-9_.-]+$/;

/** Streams and groups: their names are parts of keys. */
export function checkName(what: 'stream' | 'group', name: string): void {
  if (name.length > NAME_LENGTH_MAX || !NAME.test(name)) {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `${what} name "${name.slice(0, NAME_LENGTH_MAX)}" is not 1 to ${NAME_LENGTH_MAX} of the characters A-Z a-z 0-9 _ . -`,
    );
  }
}

/** Producers: any text, since stages make theirs from stage and partition. */
export function checkProducer(id: string, epoch: number): void {
  if (id.length === 0 || id.length > NAME_LENGTH_MAX) {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `a producer's id has 1 to ${NAME_LENGTH_MAX} characters, not ${id.length}`,
    );
  }
  checkCount('the producer epoch', epoch);
}

export function checkPartitions(stream: string, partitions: number): void {
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX) {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `stream "${stream}" cannot have ${partitions} partitions: 1 to ${PARTITIONS_MAX} are possible`,
    );
  }
}

/** Offsets, epochs, sequences. */
export function checkCount(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new WeirError('INVALID_ARGUMENT', `${what} is ${value}, not a whole number from 0 on`);
  }
}

/** An offset of a partition that there is, or its end. */
export function checkReached(
  refusal: string,
  offset: number,
  { title, endOffset }: { readonly title: string; readonly endOffset: number },
): void {
  checkCount('the offset', offset);
  if (offset <= endOffset) return;
  const message = `${refusal} offset ${offset} of ${title}, which ends at ${endOffset}`;
  throw new WeirError('OFFSET_OUT_OF_RANGE', message);
}

/** The bytes of an append's records. `where` names the partition. */
export function checkRecords(where: string, records: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const { byteLength } of records) {
    if (byteLength > RECORD_BYTES_MAX) {
      throw new WeirError(
        'INVALID_ARGUMENT',
        `${where}: a record of ${byteLength} bytes, ${RECORD_BYTES_MAX} are possible`,
      );
    }
    bytes += byteLength;
  }
  if (bytes > APPEND_BYTES_MAX) {
    throw new WeirError(
      'INVALID_ARGUMENT',
      `${where}: an append of ${bytes} bytes, ${APPEND_BYTES_MAX} are possible; split it`,
    );
  }
  return bytes;
}
