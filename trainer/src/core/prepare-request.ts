// A sample request made ready for learning before its window is complete: samples kept, features hashed, targets
// weighted. All of the work that needs no weights.
import type { ExampleDecoder, Examples, Model, Targets } from '@weir/model';
import type { PackedKeys } from '@weir/proto';
import { ratioWeight, type SampleRatios, sampleDraw } from './sample-ratio.ts';
import type { SampleRequest } from './sample-request.ts';

export interface PreparedRequest {
  readonly request: SampleRequest;
  /** Undefined when no sample of it is kept. */
  readonly learning: Learning | undefined;
}

export interface Learning {
  readonly examples: Examples;
  /** Per table, see Model.keys. */
  readonly keys: readonly PackedKeys[];
  readonly targets: Targets;
}

/** @throws WeirError INVALID_ARGUMENT when the features cannot be decoded by the model's schema. */
export function prepareRequest(
  request: SampleRequest,
  model: Model,
  decoder: ExampleDecoder,
  ratios: SampleRatios,
): PreparedRequest {
  if (request.canary !== undefined) return { request, learning: undefined };
  const weights = sampleWeights(request, ratios);
  const kept: number[] = [];
  for (let i = 0; i < request.docIds.length; i++) {
    if (weights.some((column) => column[i]! > 0)) kept.push(i);
  }
  if (kept.length === 0) return { request, learning: undefined };
  const whole = kept.length === request.docIds.length;
  const { user, scene, features, rows } = request;
  const chosen = whole ? rows : Uint32Array.from(kept, (i) => rows?.[i] ?? i);
  const docIds = whole ? request.docIds : kept.map((i) => request.docIds[i]!);
  const input = { features, user, scene, docIds, ...(chosen !== undefined && { rows: chosen }) };
  const examples = decoder.decode(input, 'train');
  const choose = (column: Float32Array) => (whole ? column : Float32Array.from(kept, (i) => column[i]!));
  return {
    request,
    learning: {
      examples,
      keys: model.keys(examples),
      targets: {
        values: request.labels.map((label, i) =>
          choose(label?.values ?? new Float32Array(weights[i]!.length)),
        ),
        weights: weights.map(choose),
      },
    },
  };
}

/** [label][sample]: 0 where the label is unknown or the sample left out. */
function sampleWeights(request: SampleRequest, ratios: SampleRatios): Float32Array[] {
  const { servingId, docIds, keepProbability } = request;
  const draws = ratios.every((ratio) => ratio === 1)
    ? undefined
    : docIds.map((docId) => sampleDraw(servingId, docId));
  return request.labels.map((label, index) => {
    const column = new Float32Array(docIds.length);
    if (label === undefined) return column;
    for (let i = 0; i < column.length; i++) {
      if (label.known[i] !== 1) continue;
      const weight = ratioWeight(ratios[index]!, label.values[i]!, draws?.[i] ?? 0);
      column[i] = weight / keepProbability;
    }
    return column;
  });
}
