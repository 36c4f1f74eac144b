// A row that is stored by itself: envelope (sealed.ts), then the words of its image behind the key, seq first.
import { bytesOf, copied, WeirError } from '@weir/proto';
import { ENVELOPE_BYTES, seal, unseal } from './sealed.ts';

const ROW_FORMAT_VERSION = 1;
const ROW_KIND = 1;
const KEY_WORDS = 2;

/** Of a stored row. @param imageWords of the row's image. */
export function storedRowBytes(imageWords: number): number {
  return ENVELOPE_BYTES + 4 * (imageWords - KEY_WORDS);
}

/** @param image key, seq, weights, optimizer state. @param bytes as many as `storedRowBytes` says; all are written. */
export function encodeRowImage(image: Uint32Array, bytes: Uint8Array): void {
  bytes.set(bytesOf(image.subarray(KEY_WORDS)), ENVELOPE_BYTES);
  seal(bytes, ROW_FORMAT_VERSION, ROW_KIND);
}

/**
 * Writes the image of the key's row to `image`.
 * @throws WeirError CORRUPT naming table and key; CONFIGURATION for a newer format.
 */
export function decodeRowImage(
  table: string,
  low: number,
  high: number,
  bytes: Uint8Array,
  image: Uint32Array,
): void {
  const what = () => `the row of key ${(BigInt(high) << 32n) | BigInt(low)} of table ${table}`;
  try {
    unseal(bytes, ROW_FORMAT_VERSION, 'it');
  } catch (cause) {
    const { code, message } = WeirError.from(cause);
    throw new WeirError(code, `${what()}: ${message}`, { table, cause });
  }
  if (bytes.length !== storedRowBytes(image.length)) {
    throw new WeirError('CORRUPT', `${what()} has ${bytes.length} bytes`, { table });
  }
  const at = bytes.byteOffset + ENVELOPE_BYTES;
  const aligned = at % 4 === 0 ? bytes : copied(bytes);
  const words = new Uint32Array(
    aligned.buffer,
    aligned.byteOffset + ENVELOPE_BYTES,
    image.length - KEY_WORDS,
  );
  image[0] = low;
  image[1] = high;
  image.set(words, KEY_WORDS);
}
