// Finds an answer by its serving id: in the stream of features as long as it is kept there, else in that of samples.
import { floatsFromBytes, u32FromBytes, WeirError } from '@weir/proto';
import type { ModelVersion } from '@weir/proto/v1/common';
import { FeatureRecord, SampleRecord, type ScoreColumn } from '@weir/proto/v1/records';
import { partitionOf, type StreamsClient } from '@weir/streams/client';

export interface Answer {
  readonly foundIn: 'features' | 'samples';
  readonly servingId: string;
  readonly timeMs: number;
  readonly user: string;
  readonly scene: string;
  readonly modelVersion: ModelVersion;
  readonly docIds: readonly string[];
  /** Row of each document in the block. */
  readonly rows: readonly number[];
  /** Served, by label. */
  readonly scores: ReadonlyMap<string, Float32Array>;
  /** An encoded FeatureBlock. */
  readonly features: Uint8Array;
}

/** Reads one partition from its beginning. @throws WeirError INVALID_ARGUMENT when it is in neither stream. */
export async function findAnswer(streams: StreamsClient, servingId: string): Promise<Answer> {
  const kept: string[] = [];
  for (const [stream, read] of [
    ['features', fromFeatures],
    ['samples', fromSamples],
  ] as const) {
    const ends = await streams.endOffsets(stream);
    const { partition, startOffset, endOffset } = ends[partitionOf(servingId, ends.length)]!;
    kept.push(`${stream} keeps offsets ${startOffset} to ${endOffset} of partition ${partition}`);
    if (startOffset === endOffset) continue;
    for await (const { records } of streams.read(stream, partition, { offset: startOffset })) {
      for (const { value, progressTimeMs } of records) {
        const answer = progressTimeMs === undefined ? read(value, servingId) : undefined;
        if (answer !== undefined) return answer;
      }
    }
  }
  const message = `serving id "${servingId}" is in no kept record (${kept.join('; ')}): never answered, not logged, or trimmed since`;
  throw new WeirError('INVALID_ARGUMENT', message);
}

function fromFeatures(value: Uint8Array, servingId: string): Answer | undefined {
  const record = FeatureRecord.decode(value);
  if (record.servingId !== servingId) return undefined;
  return answer('features', record, [...record.docIds.keys()]);
}

function fromSamples(value: Uint8Array, servingId: string): Answer | undefined {
  const record = SampleRecord.decode(value);
  if (record.servingId !== servingId) return undefined;
  const rows = record.rows.length === 0 ? [...record.docIds.keys()] : [...u32FromBytes(record.rows)];
  return answer('samples', record, rows);
}

function answer(
  foundIn: Answer['foundIn'],
  record: FeatureRecord | SampleRecord,
  rows: readonly number[],
): Answer {
  const { servingId, timeMs, user, scene, docIds, features, modelVersion } = record;
  return {
    foundIn,
    servingId,
    timeMs,
    user,
    scene,
    modelVersion: modelVersion ?? { staticHash: '', schemaFingerprint: '', tableSet: '', rows: [] },
    docIds,
    rows,
    scores: servedScores(record.scores),
    features,
  };
}

const servedScores = (columns: readonly ScoreColumn[]) =>
  new Map(
    columns
      .filter(({ arm }) => arm === '')
      .map(({ label, values }) => [label, floatsFromBytes(values)] as const),
  );
