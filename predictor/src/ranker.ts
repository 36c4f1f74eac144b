// Answers one rank request: decode, gather rows, score, log what was used. The model's own code does the scoring, the
// same that the trainer runs.

import type { ExampleDecoder, Examples, Model } from '@weir/model';
import { bytesOf, DOCUMENTS_MAX, type PackedKeys, WeirError } from '@weir/proto';
import type { ModelVersion } from '@weir/proto/v1/common';
import type { RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import type { FeatureRecord, ScoreColumn } from '@weir/proto/v1/records';
import type { DenseFollower, DenseWeights } from './dense-follower.ts';
import { type Experiment, LAYER } from './experiment.ts';
import type { FeatureLog } from './feature-log.ts';
import type { Freshness } from './freshness.ts';
import type { FrozenArm } from './frozen-arm.ts';
import type { RowSource, Rows } from './row-source.ts';

export const NO_BYTES = new Uint8Array(0);

export interface RankerOptions {
  readonly model: Model;
  readonly decoder: ExampleDecoder;
  /** But for the dense weights' step. */
  readonly modelVersion: ModelVersion;
  /** Undefined for a model without a dense part. */
  readonly dense: DenseFollower | undefined;
  /** One per table of the model, in its order. */
  readonly sources: readonly RowSource[];
  readonly featureLog: FeatureLog;
  readonly beforeAnswer: boolean;
  readonly frozen: FrozenArm | undefined;
  /** Between the live model and its frozen copy, from when that is taken. */
  readonly experiment: Experiment;
  readonly freshness: Freshness;
  /** Unix ms. */
  readonly now: () => number;
  readonly newServingId: () => string;
}

export interface Ranked {
  readonly response: RankResponse;
  /** Looked up for it. */
  readonly rows: number;
}

export class Ranker {
  readonly #options: RankerOptions;

  constructor(options: RankerOptions) {
    this.#options = options;
  }

  /** @throws WeirError INVALID_ARGUMENT for a malformed request; the feature log's errors under `before_answer`. */
  async rank(request: RankRequest): Promise<Ranked> {
    const { model, decoder, sources, frozen, freshness, now } = this.#options;
    requireDocuments(request);
    const examples = decodeRequest(decoder, request);
    const keys = model.keys(examples);
    const rows: Rows[] = [];
    for (const [i, source] of sources.entries()) {
      rows.push(source.local(keys[i]!) ?? (await source.complete(keys[i]!)));
    }
    const dense = this.#options.dense?.current;
    const online = scoreColumns(model, examples, weightsOf(rows), dense?.weights, '');
    freshness.answered(now());
    const copied = this.#frozenScores(frozen, examples, keys);

    const servingId = request.servingId === '' ? this.#options.newServingId() : request.servingId;
    const timeMs = request.timeMs === 0 ? Math.round(now()) : request.timeMs;
    const arm = copied && this.#options.experiment.armOf(request.user === '' ? servingId : request.user);
    const experimentBuckets = arm === undefined ? {} : { [LAYER]: arm };
    const served = arm === 'frozen' ? named(copied!, '') : online;
    const shadows = arm === 'frozen' ? named(online, 'online') : (copied ?? []);
    const modelVersion = versionOf(this.#options.modelVersion, arm === 'frozen' ? undefined : dense);
    const scores = [...served, ...shadows];
    await this.#log(featureRecord(request, { servingId, timeMs, scores, modelVersion, experimentBuckets }));
    const response = {
      servingId,
      scores: served,
      modelVersion,
      fallbacks: {
        pulledRows: rows.reduce((sum, { pulled }) => sum + pulled, 0),
        priorRows: rows.reduce((sum, { prior }) => sum + prior, 0),
      },
      order: bytesOf(bestFirst(served[0])),
      experimentBuckets,
    };
    return { response, rows: keys.reduce((sum, { length }) => sum + (length >>> 1), 0) };
  }

  /** Undefined until there is a frozen copy. */
  #frozenScores(
    frozen: FrozenArm | undefined,
    examples: Examples,
    keys: readonly PackedKeys[],
  ): readonly ScoreColumn[] | undefined {
    const rows = frozen?.rowsFor(keys);
    if (rows === undefined) return undefined;
    return scoreColumns(this.#options.model, examples, rows, frozen?.dense, 'frozen');
  }

  async #log(record: FeatureRecord): Promise<void> {
    const { featureLog, beforeAnswer } = this.#options;
    if (beforeAnswer) await featureLog.append(record);
    else featureLog.offer(record);
  }
}

function requireDocuments(request: RankRequest): void {
  const count = request.docIds.length;
  if (count === 0) throw new WeirError('INVALID_ARGUMENT', 'rank request: doc_ids is empty');
  if (count > DOCUMENTS_MAX) {
    throw new WeirError('INVALID_ARGUMENT', `rank request: ${count} documents, at most ${DOCUMENTS_MAX}`);
  }
}

function decodeRequest(decoder: ExampleDecoder, request: RankRequest): Examples {
  try {
    return decoder.decode(request, 'serve');
  } catch (error) {
    if (error instanceof WeirError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new WeirError('INVALID_ARGUMENT', `rank request: features: ${reason}`, { cause: error });
  }
}

function versionOf(model: ModelVersion, dense: DenseWeights | undefined): ModelVersion {
  return dense === undefined ? model : { ...model, denseStep: dense.step };
}

const weightsOf = (rows: readonly Rows[]): Float32Array[] => rows.map(({ weights }) => weights);

function scoreColumns(
  model: Model,
  examples: Examples,
  rows: readonly Float32Array[],
  dense: Float32Array | undefined,
  arm: string,
): ScoreColumn[] {
  const { probabilities } = model.forward(examples, rows, dense);
  return model.labels.map((label, i) => ({
    label,
    arm,
    values: bytesOf(Float32Array.from(probabilities[i]!)),
  }));
}

const named = (columns: readonly ScoreColumn[], arm: string): ScoreColumn[] =>
  columns.map((column) => ({ ...column, arm }));

/** Document indexes by falling score; equal scores keep the order of the request. */
function bestFirst(column: ScoreColumn | undefined): Uint32Array {
  if (column === undefined) return new Uint32Array(0);
  const { buffer, byteOffset, byteLength } = column.values;
  const scores = new Float32Array(buffer, byteOffset, byteLength / 4);
  return Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

function featureRecord(
  request: RankRequest,
  answered: Pick<FeatureRecord, 'servingId' | 'timeMs' | 'scores' | 'modelVersion' | 'experimentBuckets'>,
): FeatureRecord {
  return {
    ...answered,
    scene: request.scene,
    user: request.user,
    docIds: request.docIds,
    positions: NO_BYTES,
    features: request.features,
    keepProbability: 1,
    unexposed: NO_BYTES,
  };
}
