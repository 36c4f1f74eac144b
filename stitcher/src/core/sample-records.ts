// Sample records from feature records. All that is known at the exposure is encoded once, as the `template`; an
// emission appends the fields known later, which in Protobuf is a concatenation. The features block is passed on.
import { bytesOf, u32FromBytes } from '@weir/proto';
import {
  type FeatureRecord,
  type LabelColumn,
  type LabelEvent,
  SampleRecord,
  type ScoreColumn,
  type SourcePosition,
} from '@weir/proto/v1/records';

export interface SampleTemplate {
  readonly template: Uint8Array;
  /** One per sample: the documents shown. */
  readonly docIds: readonly string[];
}

/** What an emission adds. */
export interface Emission {
  readonly knownTimeMs: number;
  readonly revision: number;
  readonly kinds: Uint8Array;
  readonly labels: LabelColumn[];
  readonly ingestTimeMs: number;
  /** Behind the positives. */
  readonly events: LabelEvent[];
}

const EMPTY = new Uint8Array(0);
const BLANK: SampleRecord = SampleRecord.decode(EMPTY);

/** Precondition: `checkFeatureRecord` found nothing. */
export function sampleTemplate(
  record: FeatureRecord,
  timeMs: number,
  source: SourcePosition,
): SampleTemplate {
  const { docIds } = record;
  const shown = shownRows(docIds.length, record.unexposed);
  const positions =
    record.positions.length === 0
      ? Uint32Array.from(docIds, (_, row) => row + 1)
      : u32FromBytes(record.positions);
  const kept = shown === undefined ? docIds : Array.from(shown, (row) => docIds[row]!);
  const template = SampleRecord.encode({
    ...BLANK,
    servingId: record.servingId,
    timeMs,
    user: record.user,
    scene: record.scene,
    modelVersion: record.modelVersion,
    experimentBuckets: record.experimentBuckets,
    docIds: kept,
    rows: shown === undefined ? EMPTY : bytesOf(shown),
    scores: shown === undefined ? record.scores : record.scores.map((column) => pickScores(column, shown)),
    features: record.features,
    keepProbability: record.keepProbability,
    positions: bytesOf(shown === undefined ? positions : pick(positions, shown)),
    source,
  }).finish();
  return { template, docIds: kept };
}

/** The record of all samples. */
export function completeSamples(template: Uint8Array, emission: Emission): Uint8Array {
  const tail = SampleRecord.encode({ ...BLANK, ...emission }).finish();
  const bytes = new Uint8Array(template.length + tail.length);
  bytes.set(template);
  bytes.set(tail, template.length);
  return bytes;
}

/** The record of one sample alone: a later word about it. */
export function completeSample(template: Uint8Array, sample: number, emission: Emission): Uint8Array {
  const all = SampleRecord.decode(template);
  const only = Uint32Array.of(sample);
  const row = all.rows.length === 0 ? sample : u32FromBytes(all.rows)[sample]!;
  return SampleRecord.encode({
    ...all,
    docIds: [all.docIds[sample]!],
    rows: bytesOf(Uint32Array.of(row)),
    scores: all.scores.map((column) => pickScores(column, only)),
    positions: bytesOf(pick(u32FromBytes(all.positions), only)),
    ...emission,
  }).finish();
}

/** Undefined: every row. */
function shownRows(documents: number, unexposed: Uint8Array): Uint32Array | undefined {
  if (unexposed.length === 0) return undefined;
  const hidden = new Set(u32FromBytes(unexposed));
  const rows = new Uint32Array(documents - hidden.size);
  let next = 0;
  for (let row = 0; row < documents; row++) if (!hidden.has(row)) rows[next++] = row;
  return rows;
}

function pickScores(column: ScoreColumn, rows: Uint32Array): ScoreColumn {
  // Moved as u32, so that a NaN keeps its bits.
  return { ...column, values: bytesOf(pick(u32FromBytes(column.values), rows)) };
}

function pick(values: Uint32Array, rows: Uint32Array): Uint32Array {
  return rows.map((row) => values[row]!);
}
