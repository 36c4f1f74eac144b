// Answers one rank request: decode, gather rows, score, log what was used. The model's own code does the scoring, the
// same that the trainer runs.

import type { ExampleDecoder, Examples, Model } from '@weir/model';
import {
  activeSpan,
  bytesOf,
  CANARY_LOOK,
  canaryToken,
  DOCUMENTS_MAX,
  type PackedKeys,
  TraceSample,
  WeirError,
} from '@weir/proto';
import type { ModelVersion, RowsVersion } from '@weir/proto/v1/common';
import type { RankRequest, RankResponse } from '@weir/proto/v1/predictor';
import type { FeatureRecord, ScoreColumn } from '@weir/proto/v1/records';
import type { DenseWeights } from './dense-follower.ts';
import { type Experiment, LAYER } from './experiment.ts';
import type { FeatureLog } from './feature-log.ts';
import type { Freshness } from './freshness.ts';
import type { RowSource, Rows } from './row-source.ts';
import type { ServedModel } from './served-model.ts';

export const NO_BYTES = new Uint8Array(0);

export interface RankerOptions {
  /** The model that an answer which begins now is computed from. */
  readonly served: () => ServedModel;
  /** Undefined: answers are not logged. */
  readonly featureLog: FeatureLog | undefined;
  readonly beforeAnswer: boolean;
  /** Between the live model and its frozen copy, from when that is taken. */
  readonly experiment: Experiment | undefined;
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
  async rank(given: RankRequest): Promise<Ranked> {
    const { freshness, now } = this.#options;
    requireDocuments(given);
    const canary = canaryToken(given.servingId);
    const current = this.#options.served();
    using _ = current.use();
    const { model, decoder, sources, version } = current;
    const request = await current.inputs(given);
    const examples = decodeRequest(decoder, request);
    const keys = model.keys(examples);
    const rows: Rows[] = [];
    for (const [i, source] of sources.entries()) {
      rows.push(source.local(keys[i]!) ?? (await source.complete(keys[i]!)));
    }
    linkChanges(sources, keys);
    const dense = current.dense?.current;
    const online = scoreColumns(model, examples, weightsOf(rows), dense?.weights, '');
    // A canary is no user: the copy counts users' requests, and freshness is what they see.
    if (canary === undefined) freshness.answered(now());
    const copied = canary === undefined ? frozenScores(current, examples, keys) : undefined;

    const servingId = request.servingId === '' ? this.#options.newServingId() : request.servingId;
    const timeMs = request.timeMs === 0 ? Math.round(now()) : request.timeMs;
    const arm = copied && this.#options.experiment?.armOf(request.user === '' ? servingId : request.user);
    const experimentBuckets = arm === undefined ? {} : { [LAYER]: arm };
    const served = arm === 'frozen' ? named(copied!, '') : online;
    const shadows = arm === 'frozen' ? named(online, 'online') : (copied ?? []);
    const modelVersion =
      arm === 'frozen'
        ? versionOf(version, undefined, current.frozen!.versions)
        : versionOf(
            version,
            dense,
            rows.flatMap(({ versions }) => versions),
          );
    const scores = [...served, ...shadows];
    const record = featureRecord(request, { servingId, timeMs, scores, modelVersion, experimentBuckets });
    if (canary !== CANARY_LOOK) await this.#log(record);
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
      canaryToken: 0,
    };
    return { response, rows: keys.reduce((sum, { length }) => sum + (length >>> 1), 0) };
  }

  async #log(record: FeatureRecord): Promise<void> {
    const { featureLog, beforeAnswer } = this.#options;
    if (beforeAnswer) await featureLog?.append(record);
    else featureLog?.offer(record);
  }
}

/** Undefined until there is a frozen copy. */
function frozenScores(
  { model, frozen }: ServedModel,
  examples: Examples,
  keys: readonly PackedKeys[],
): readonly ScoreColumn[] | undefined {
  const rows = frozen?.rowsFor(keys);
  return rows && scoreColumns(model, examples, rows, frozen?.dense, 'frozen');
}

/** To what sampled pushes changed in these rows since a sampled answer used them last. */
function linkChanges(sources: readonly RowSource[], keys: readonly PackedKeys[]): void {
  const span = activeSpan();
  if (span?.isRecording() !== true) return;
  const changes = new TraceSample();
  for (const [i, { traced }] of sources.entries()) traced.use(keys[i]!, changes);
  if (changes.contexts.length > 0) span.addLinks(changes.contexts.map((context) => ({ context })));
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

function versionOf(
  model: ModelVersion,
  dense: DenseWeights | undefined,
  rows: readonly RowsVersion[],
): ModelVersion {
  return { ...model, denseStep: dense?.step, rows: [...rows] };
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
