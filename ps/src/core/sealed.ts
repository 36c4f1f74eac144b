// The envelope of stored binary forms: format version, kind and checksum in the first 8 bytes, whose meaning is the
// same in every version. The checksum is judged first, so that damage is never taken for a newer format.
import { crc32 } from 'node:zlib';
import { WeirError } from '@weir/proto';
import { runThrough, STEP_VALUES, type Steps } from './steps.ts';

/** u8 version, u8 kind, 2 bytes 0, u32 CRC-32 of all other bytes. */
export const ENVELOPE_BYTES = 8;
const CHECKSUM_AT = 4;
/** Of the checksum. */
const STEP_BYTES = 8 * STEP_VALUES;

/** Fills in the envelope of bytes whose first 8 are free. */
export function seal(bytes: Uint8Array, version: number, kind: number): Uint8Array {
  return sealEnd(bytes, runThrough(sealingBut(0, bytes, version, kind)), 0);
}

/** As `seal`, of all but the last `endBytes`, which are not known yet; returns what `sealEnd` wants of it. */
export function* sealingBut(
  endBytes: number,
  bytes: Uint8Array,
  version: number,
  kind: number,
): Steps<number> {
  bytes[0] = version;
  bytes[1] = kind;
  bytes[2] = 0;
  bytes[3] = 0;
  let checksum = crc32(bytes.subarray(0, CHECKSUM_AT));
  const end = bytes.length - endBytes;
  for (let at = ENVELOPE_BYTES; at < end; at += STEP_BYTES) {
    if (at > ENVELOPE_BYTES) yield;
    checksum = crc32(bytes.subarray(at, Math.min(end, at + STEP_BYTES)), checksum);
  }
  return checksum;
}

/** Completes the seal once the last `endBytes` are there. */
export function sealEnd(bytes: Uint8Array, begun: number, endBytes: number): Uint8Array {
  const checksum = crc32(bytes.subarray(bytes.length - endBytes), begun);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(CHECKSUM_AT, checksum, true);
  return bytes;
}

/**
 * Returns the kind of intact bytes that this Weir can read.
 * @param what names the bytes in errors.
 * @throws WeirError CORRUPT for damage, CONFIGURATION for a newer format.
 */
export function unseal(bytes: Uint8Array, versionMax: number, what: string): number {
  if (bytes.length < ENVELOPE_BYTES) {
    throw new WeirError('CORRUPT', `${what}: ${bytes.length} bytes are too few`);
  }
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(CHECKSUM_AT, true);
  if (stored !== checksumOf(bytes)) throw new WeirError('CORRUPT', `${what}: the checksum does not match`);
  const version = bytes[0]!;
  if (version > versionMax) {
    throw new WeirError(
      'CONFIGURATION',
      `${what} has format ${version}, this Weir reads up to ${versionMax}: start a newer Weir`,
    );
  }
  return bytes[1]!;
}

function checksumOf(bytes: Uint8Array): number {
  return crc32(bytes.subarray(ENVELOPE_BYTES), crc32(bytes.subarray(0, CHECKSUM_AT)));
}
