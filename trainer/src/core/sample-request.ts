// A record of the samples stream, read and checked, its labels by the model's heads. What cannot be learned from is
// refused with a reason, never guessed at.
import { canaryToken, floatsFromBytes, type SpanContext, u32FromBytes } from '@weir/proto';
import { SampleKind, SampleRecord } from '@weir/proto/v1/records';

export interface Scores {
  readonly label: string;
  readonly arm: string;
  readonly values: Float32Array;
}

export interface SampleRequest {
  readonly partition: number;
  readonly offset: number;
  readonly bytes: number;
  readonly servingId: string;
  /** The token of a canary, of which nothing is learned; undefined: a user's request. */
  readonly canary: number | undefined;
  readonly knownTimeMs: number;
  /** Wall clock of the behaviour behind the labels; 0: none. */
  readonly ingestTimeMs: number;
  readonly user: string;
  readonly scene: string;
  readonly docIds: readonly string[];
  /** Row of each sample in the feature block; undefined: the rows in order. */
  readonly rows: Uint32Array | undefined;
  readonly features: Uint8Array;
  /** 0: these samples were not emitted before. */
  readonly revision: number;
  /** [label][sample]; undefined where the record does not have the label. */
  readonly labels: readonly (LabelValues | undefined)[];
  /** Its negatives may still turn positive (`fast`): what is predicted for them cannot be judged yet. */
  readonly provisional: boolean;
  readonly scores: readonly Scores[];
  /** Arm by layer. */
  readonly experimentBuckets: Readonly<Record<string, string>>;
  /** Above 0, at most 1. */
  readonly keepProbability: number;
  /** Of the span that made the samples, if it is sampled. */
  readonly trace?: SpanContext | undefined;
}

export interface LabelValues {
  /** 0 to 1 where known. */
  readonly values: Float32Array;
  /** 1 where known. */
  readonly known: Uint8Array;
}

export const REFUSALS = ['malformed', 'schema', 'static', 'unsupported', 'model'] as const;
export type Refusal = (typeof REFUSALS)[number];

export class RefusedRecord extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

export interface RecordPlace {
  readonly partition: number;
  readonly offset: number;
}

/**
 * @param staticHash of the model; empty: it has no static part.
 * @throws RefusedRecord
 */
export function readSampleRequest(
  value: Uint8Array,
  place: RecordPlace,
  labels: readonly string[],
  schemaFingerprint: string,
  staticHash = '',
): SampleRequest {
  const record = decode(value);
  const given = record.modelVersion?.schemaFingerprint ?? '';
  if (given !== '' && given !== schemaFingerprint) {
    throw new RefusedRecord('schema', `schema fingerprint ${given} is not the model's, ${schemaFingerprint}`);
  }
  const servedBy = record.modelVersion?.staticHash ?? '';
  // Whoever has no static part learns from everybody's features.
  if (staticHash !== '' && servedBy !== staticHash) {
    const other = servedBy === '' ? 'no static part' : `the static part ${servedBy}`;
    throw new RefusedRecord('static', `it was served with ${other}, the model's is ${staticHash}`);
  }
  const count = record.docIds.length;
  if (record.kinds.includes(SampleKind.RETRACT)) {
    throw new RefusedRecord('unsupported', 'it retracts samples, which this trainer cannot');
  }
  return {
    ...place,
    bytes: value.byteLength,
    servingId: record.servingId,
    canary: canaryToken(record.servingId),
    knownTimeMs: record.knownTimeMs,
    ingestTimeMs: record.ingestTimeMs,
    user: record.user,
    scene: record.scene,
    docIds: record.docIds,
    rows: record.rows.byteLength === 0 ? undefined : sized(words(record.rows), count, 'rows'),
    features: record.features,
    revision: record.revision,
    labels: labels.map((label) => labelValues(record, label, count)),
    provisional: record.kinds.includes(SampleKind.OBSERVED_NEGATIVE),
    scores: record.scores.map(({ label, arm, values }) => ({
      label,
      arm,
      values: sized(floats(values), count, `scores of ${label}`),
    })),
    experimentBuckets: record.experimentBuckets,
    keepProbability: keepProbability(record.keepProbability),
  };
}

function decode(value: Uint8Array): SampleRecord {
  try {
    return SampleRecord.decode(value);
  } catch (error) {
    throw malformed(`it is no SampleRecord (${(error as Error).message})`);
  }
}

function labelValues(record: SampleRecord, label: string, count: number): LabelValues | undefined {
  const column = record.labels.find((one) => one.label === label);
  if (column === undefined) return undefined;
  const values = sized(floats(column.values), count, `values of label ${label}`);
  const known = sized(column.mask, count, `mask of label ${label}`);
  for (let i = 0; i < count; i++) {
    if (known[i] === 1 && !(values[i]! >= 0 && values[i]! <= 1)) {
      throw malformed(`label ${label} of sample ${i} is ${values[i]}, not 0 to 1`);
    }
  }
  return { values, known };
}

function keepProbability(given: number): number {
  if (given === 0) return 1;
  if (given > 0 && given <= 1) return given;
  throw malformed(`its keep probability is ${given}`);
}

function floats(bytes: Uint8Array): Float32Array {
  if (bytes.byteLength % 4 !== 0) throw malformed(`${bytes.byteLength} bytes are no whole number of floats`);
  return floatsFromBytes(bytes);
}

function words(bytes: Uint8Array): Uint32Array {
  if (bytes.byteLength % 4 !== 0) throw malformed(`${bytes.byteLength} bytes are no whole number of rows`);
  return u32FromBytes(bytes);
}

function sized<T extends { readonly length: number }>(column: T, count: number, what: string): T {
  if (column.length === count) return column;
  throw malformed(`it has ${column.length} ${what} for ${count} samples`);
}

function malformed(message: string): RefusedRecord {
  return new RefusedRecord('malformed', message);
}
