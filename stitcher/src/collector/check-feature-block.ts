// Whether a features block fits its record: as many rows as documents, columns as long as they say. Only the front
// door looks inside; what passes here is passed on unopened.
import { u32FromBytes } from '@weir/proto';
import { FeatureBlock, type FeatureColumn } from '@weir/proto/v1/features';
import type { RejectedReason } from '../core/reasons.ts';

/** An empty block is a request without features. */
export function checkFeatureBlock(bytes: Uint8Array, documents: number): RejectedReason | undefined {
  if (bytes.length === 0) return undefined;
  let block: FeatureBlock;
  try {
    block = FeatureBlock.decode(bytes);
  } catch {
    return 'undecodable';
  }
  if (block.documents !== documents) return 'column_length';
  for (const column of block.context) {
    const reason = checkColumn(column, 1);
    if (reason !== undefined) return reason;
  }
  for (const column of [...block.document, ...block.exposure]) {
    const reason = checkColumn(column, documents);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function checkColumn(column: FeatureColumn, rows: number): RejectedReason | undefined {
  const { categorical, numeric, multi, multiCounts, present } = column;
  if (present.length !== 0 && present.length !== Math.ceil(rows / 8)) return 'column_length';
  const values = present.length === 0 ? rows : bitsOf(present, rows);
  const hasMulti = multi.length > 0 || multiCounts.length > 0;
  const kinds = Number(categorical.length > 0) + Number(numeric.length > 0) + Number(hasMulti);
  if (kinds > 1 || (kinds === 0 && values > 0)) return 'column_length';
  if (categorical.length > 0 && categorical.length !== values) return 'column_length';
  if (numeric.length > 0) {
    if (numeric.length !== 8 * values) return 'column_length';
    const view = new DataView(numeric.buffer, numeric.byteOffset, numeric.byteLength);
    for (let i = 0; i < values; i++)
      if (!Number.isFinite(view.getFloat64(8 * i, true))) return 'value_not_finite';
  }
  if (hasMulti) {
    if (multiCounts.length !== 4 * values) return 'column_length';
    if (u32FromBytes(multiCounts).reduce((sum, count) => sum + count, 0) !== multi.length)
      return 'column_length';
  }
  return undefined;
}

/** -1 when a bit beyond the rows is set. */
function bitsOf(present: Uint8Array, rows: number): number {
  let bits = 0;
  for (let row = 0; row < present.length * 8; row++) {
    if (((present[row >>> 3]! >>> (row & 7)) & 1) === 0) continue;
    if (row >= rows) return -1;
    bits++;
  }
  return bits;
}
