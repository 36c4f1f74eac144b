// What a replay counts in the samples stream. Pure.
import { floatsFromBytes, isCanary } from '@weir/proto';
import type { SampleRecord } from '@weir/proto/v1/records';

/** Distinct samples, and positives of each label. */
export interface SampleCounts {
  samples: number;
  readonly positives: Map<string, number>;
}

/**
 * Adds one record. A sample counts at its first emission (revision 0), whatever follows; a positive where the label
 * is known and 1: each label of a sample becomes known once.
 */
export function countSamples(record: SampleRecord, counts: SampleCounts): void {
  if (isCanary(record.servingId)) return;
  if (record.revision === 0) counts.samples += record.docIds.length;
  for (const { label, values, mask } of record.labels) {
    const floats = floatsFromBytes(values);
    let positives = counts.positives.get(label) ?? 0;
    for (let i = 0; i < mask.length; i++) if (mask[i] === 1 && floats[i] === 1) positives++;
    counts.positives.set(label, positives);
  }
}
