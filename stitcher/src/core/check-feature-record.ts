// Whether a feature record can be stitched. Preconditions of everything after it, so the stitcher asks too.
import { DOCUMENTS_MAX, floatsFromBytes, u32FromBytes } from '@weir/proto';
import type { FeatureRecord } from '@weir/proto/v1/records';
import { checkTime } from './check-time.ts';
import { FEATURE_RECORD_BYTES_MAX, ID_LENGTH_MAX } from './limits.ts';
import type { RejectedReason } from './reasons.ts';

/**
 * The reason to reject the record, or undefined. The features block stays closed: only its size is looked at.
 * @param bytes the record's encoded size
 */
export function checkFeatureRecord(record: FeatureRecord, bytes: number): RejectedReason | undefined {
  const { servingId, docIds, positions, scores, keepProbability, unexposed } = record;
  if (servingId === '') return 'serving_id_missing';
  if (servingId.length > ID_LENGTH_MAX) return 'id_too_long';
  if (bytes > FEATURE_RECORD_BYTES_MAX) return 'too_large';
  const documents = docIds.length;
  if (documents === 0) return 'documents_missing';
  if (documents > DOCUMENTS_MAX) return 'documents_too_many';
  for (const docId of docIds) {
    if (docId === '') return 'document_missing';
    if (docId.length > ID_LENGTH_MAX) return 'id_too_long';
  }
  if (new Set(docIds).size !== documents) return 'document_repeated';
  if (positions.length !== 0 && positions.length !== 4 * documents) return 'column_length';
  for (const { values } of scores) {
    if (values.length !== 4 * documents) return 'column_length';
    for (const score of floatsFromBytes(values)) if (!Number.isFinite(score)) return 'value_not_finite';
  }
  if (!(keepProbability >= 0 && keepProbability <= 1)) return 'keep_probability_absurd';
  return (
    checkTime(record.timeMs) ?? (unexposed.length === 0 ? undefined : checkUnexposed(unexposed, documents))
  );
}

function checkUnexposed(unexposed: Uint8Array, documents: number): RejectedReason | undefined {
  if (unexposed.length % 4 !== 0) return 'column_length';
  const rows = new Set(u32FromBytes(unexposed));
  for (const row of rows) if (row >= documents) return 'column_length';
  return rows.size === documents ? 'never_exposed' : undefined;
}
