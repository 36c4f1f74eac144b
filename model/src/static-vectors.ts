// The static vectors of a request's documents, out of its encoded FeatureBlock.
import type { BlockColumns } from './block-columns.ts';
import type { DocumentRows } from './document-rows.ts';
import { malformed, WireReader } from './wire-reader.ts';

const NONE = new Float32Array(0);
const FLOAT_BYTES = 4;

/**
 * @param width numbers a document that the model takes; 0: none, whatever the block has.
 * @returns documents x width, in the order of documents.
 * @throws WeirError INVALID_ARGUMENT when they are missing, of another width, or not one a row.
 */
export function staticVectors(
  bytes: Uint8Array,
  { documents: blockRows, statics }: BlockColumns,
  { count, ofRow }: DocumentRows,
  width: number,
): Float32Array {
  if (width === 0) return NONE;
  if (statics === undefined) throw malformed(`static vectors are missing; the model takes ${width} numbers`);
  const reader = new WireReader(bytes);
  reader.at = statics.start;
  reader.end = statics.end;
  let given = 0;
  let [start, stop] = [0, 0];
  while (reader.more) {
    const tag = reader.varint();
    if (tag === 0x08) given = reader.varint();
    else reader.skip(tag);
    if (tag === 0x12) [start, stop] = [reader.start, reader.stop];
  }
  if (given !== width) throw malformed(`static vectors have ${given} numbers; the model takes ${width}`);
  const size = width * FLOAT_BYTES;
  if (stop - start !== blockRows * size) {
    throw malformed(`static vectors have ${stop - start} bytes for ${blockRows} rows of ${width} numbers`);
  }
  const vectors = new Float32Array(count * width);
  const target = new Uint8Array(vectors.buffer);
  for (let row = 0; row < blockRows; row++) {
    const document = ofRow[row]!;
    if (document < 0) continue;
    const from = start + row * size;
    target.set(bytes.subarray(from, from + size), document * size);
  }
  if (!vectors.every(Number.isFinite)) throw malformed('a static vector is not finite');
  return vectors;
}
